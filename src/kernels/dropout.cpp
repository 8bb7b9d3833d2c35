#include "kernels/dropout.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "core/random.h"
#include "core/vectorize.h"
#include "kernels/torch_compatibility.h"

namespace limbeck {
namespace {

constexpr int64_t kPerBlock = 8;  // a block of 128 random bits decides over 8 units

/// High and low words of 32-bit products, in int64 tensors whose values are below 2^32.
at::Tensor low_word(const at::Tensor& x) {
  return x.bitwise_and(static_cast<int64_t>(0xffffffff));
}
at::Tensor multiply_high(const at::Tensor& x, int64_t factor) {
  // In parts, since the product of two 32-bit numbers does not fit a signed 64-bit one.
  const at::Tensor low = x.bitwise_and(int64_t{0xffff}) * factor;
  const at::Tensor high = x.bitwise_right_shift(int64_t{16}) * factor;
  return (high + low.bitwise_right_shift(int64_t{16})).bitwise_right_shift(int64_t{16});
}

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
  constexpr int64_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;  // Philox4x32 of Salmon et al. 2011
  constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  const int64_t blocks = (units + kPerBlock - 1) / kPerBlock;
  const auto options = noise.ids.options();
  const int64_t purpose = static_cast<int64_t>(Purpose::dropout) << 24 | static_cast<int64_t>(dropout.lane) << 16;
  const std::vector<int64_t> grid = {noise.ids.size(0), blocks};
  at::Tensor c0 = noise.ids.unsqueeze(1).expand(grid), c1 = at::full(grid, noise.epoch, options);
  const at::Tensor block = at::arange(blocks, options);
  at::Tensor c2 = (block.bitwise_and(int64_t{0xffff}) + purpose).expand(grid),
             c3 = block.bitwise_right_shift(int64_t{16}).expand(grid);
  auto key0 = static_cast<uint32_t>(noise.seed), key1 = static_cast<uint32_t>(noise.seed >> 32);
  for (int round = 0; round < 10; ++round, key0 += kWeyl0, key1 += kWeyl1) {
    const at::Tensor high0 = multiply_high(c0, kMultiplier0), low0 = low_word(c0 * kMultiplier0);
    const at::Tensor high1 = multiply_high(c2, kMultiplier1), low1 = low_word(c2 * kMultiplier1);
    c0 = high1.bitwise_xor(c1).bitwise_xor(static_cast<int64_t>(key0));
    c1 = low1;
    c2 = high0.bitwise_xor(c3).bitwise_xor(static_cast<int64_t>(key1));
    c3 = low0;
  }
  const at::Tensor words = at::stack({c0, c1, c2, c3}, 2);  // [N, blocks, 4]
  const at::Tensor halves = at::stack({words.bitwise_and(int64_t{0xffff}), words.bitwise_right_shift(int64_t{16})}, 3);
  const at::Tensor bits = halves.reshape({noise.ids.size(0), blocks * kPerBlock}).slice(1, 0, units);
  return bits.ge(static_cast<int64_t>(drop_threshold(dropout.probability)));
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
  if (!x.is_cpu() || x.scalar_type() != at::kFloat) {
    const at::Tensor mask = keep_mask(dropout, noise, units).reshape(x.sizes());
    return x * mask.to(x.scalar_type()) / (1 - dropout.probability);
  }
  at::Tensor factors = at::empty(x.sizes(), at::kFloat);
  const at::Tensor ids = noise.ids.contiguous();
  const auto* id = read_pointer<int64_t>(ids);
  auto* factor = factors.data_ptr<float>();
  at::parallel_for(0, x.size(0), 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row)
      drop_row(dropout, noise.seed, noise.epoch, id[row], units, factor + row * units);
  });
  return x * factors;
}

}  // namespace limbeck
