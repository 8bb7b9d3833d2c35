#include "kernels/dropout.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "core/random.h"
#include "core/vectorize.h"
#include "device/operators.h"
#include "kernels/torch_compatibility.h"

namespace limbeck {
namespace {

constexpr int64_t kPerBlock = 8;  // a block of 128 random bits decides over 8 units

LIMBECK_VECTORIZED
void write_factors(const uint16_t* __restrict bits, uint32_t threshold, float kept, float* __restrict factors,
                   int64_t count) {
  for (int64_t i = 0; i < count; ++i) factors[i] = bits[i] >= threshold ? kept : 0.0F;
}

}  // namespace

uint32_t drop_threshold(double probability) {
  return static_cast<uint32_t>(std::llround(probability * 65536));
}

at::Tensor keep_mask(const Dropout& dropout, const Noise& noise, int64_t units) {
  return kept_units(noise.ids, noise.epoch.on(noise.ids.device()), {noise.seed, dropout.lane, dropout.probability},
                    units);
}

void drop_row(const Dropout& dropout, uint64_t seed, int64_t epoch, int64_t id, int64_t units, float* factors) {
  constexpr int64_t kBlocks = 16;  // drawn one by one, then decided together
  const uint32_t threshold = drop_threshold(dropout.probability);
  const auto kept = static_cast<float>(1 / (1 - dropout.probability));
  const RandomKey key{seed, Purpose::dropout, static_cast<uint32_t>(epoch), static_cast<uint32_t>(id), dropout.lane};
  std::array<uint16_t, kBlocks * kPerBlock> bits;
  for (int64_t first = 0; first < units; first += kBlocks * kPerBlock) {
    const int64_t count = std::min(kBlocks * kPerBlock, units - first);
    for (int64_t i = 0; i < count; i += kPerBlock) {
      const std::array<uint32_t, 4> words = philox(key, static_cast<uint32_t>((first + i) / kPerBlock));
      std::memcpy(bits.data() + i, words.data(), sizeof words);
    }
    write_factors(bits.data(), threshold, kept, factors + first, count);
  }
}

at::Tensor dropout(const at::Tensor& x, const Dropout& dropout, const Noise& noise) {
  const int64_t units = x.numel() / x.size(0);
  if (!x.is_cpu() || x.scalar_type() != at::kFloat)
    return drop_units(x, noise.ids, noise.epoch.on(x.device()), {noise.seed, dropout.lane, dropout.probability});
  at::Tensor factors = at::empty(x.sizes(), at::kFloat);
  const at::Tensor ids = noise.ids.contiguous();
  const auto* id = read_pointer<int64_t>(ids);
  auto* factor = factors.data_ptr<float>();
  at::parallel_for(0, x.size(0), 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row)
      drop_row(dropout, noise.seed, noise.epoch.number(), id[row], units, factor + row * units);
  });
  return x * factors;
}

}  // namespace limbeck
