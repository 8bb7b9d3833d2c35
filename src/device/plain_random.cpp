#include "device/plain_random.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/stack.h>

#include <cmath>
#include <utility>
#include <vector>

#include "core/random.h"
#include "device/implementations.h"
#include "device/operators.h"

namespace limbeck {
namespace {

constexpr int64_t kUnitsOfBlock = 8;  // a block of 128 random bits decides over 8 units

}  // namespace

at::Tensor low_word(const at::Tensor& x) {
  return x.bitwise_and(static_cast<int64_t>(0xffffffff));
}

at::Tensor multiply_high(const at::Tensor& x, int64_t factor) {
  // In parts, since the product of two 32-bit numbers does not fit a signed 64-bit one.
  const at::Tensor low = x.bitwise_and(int64_t{0xffff}) * factor;
  const at::Tensor high = x.bitwise_right_shift(int64_t{16}) * factor;
  return (high + low.bitwise_right_shift(int64_t{16})).bitwise_right_shift(int64_t{16});
}

at::Tensor multiply_high_wide(const at::Tensor& high, const at::Tensor& low, int64_t count) {
  const int64_t count_high = count >> 32, count_low = count & 0xffffffff;
  // What of the three smaller products is below 2^64 carries into the result.
  const at::Tensor below = low_word(high * count_low) + low_word(low * count_high) + multiply_high(low, count_low);
  return high * count_high + multiply_high(high, count_low) + multiply_high(low, count_high) +
         below.bitwise_right_shift(int64_t{32});
}

std::array<at::Tensor, 4> plain_philox(std::array<at::Tensor, 4> counter, uint64_t seed) {
  constexpr int64_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  auto [c0, c1, c2, c3] = std::move(counter);
  auto key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round, key0 += kWeyl0, key1 += kWeyl1) {
    const at::Tensor high0 = multiply_high(c0, kMultiplier0), low0 = low_word(c0 * kMultiplier0);
    const at::Tensor high1 = multiply_high(c2, kMultiplier1), low1 = low_word(c2 * kMultiplier1);
    c0 = high1.bitwise_xor(c1).bitwise_xor(static_cast<int64_t>(key0));
    c1 = low1;
    c2 = high0.bitwise_xor(c3).bitwise_xor(static_cast<int64_t>(key1));
    c3 = low0;
  }
  return {c0, c1, c2, c3};
}

at::Tensor kept_units(const at::Tensor& ids, const at::Tensor& epoch, const DropoutStream& stream, int64_t units) {
  const int64_t blocks = (units + kUnitsOfBlock - 1) / kUnitsOfBlock, rows = ids.size(0);
  const int64_t purpose = static_cast<int64_t>(Purpose::dropout) << 24 | static_cast<int64_t>(stream.lane) << 16;
  const std::vector<int64_t> grid = {rows, blocks};
  const at::Tensor block = at::arange(blocks, ids.options());
  const auto [w0, w1, w2, w3] = plain_philox({low_word(ids).unsqueeze(1).expand(grid), low_word(epoch).expand(grid),
                                              (block.bitwise_and(int64_t{0xffff}) + purpose).expand(grid),
                                              block.bitwise_right_shift(int64_t{16}).expand(grid)},
                                             stream.seed);
  const at::Tensor words = at::stack({w0, w1, w2, w3}, 2);  // [N, blocks, 4]
  const at::Tensor halves = at::stack({words.bitwise_and(int64_t{0xffff}), words.bitwise_right_shift(int64_t{16})}, 3);
  const at::Tensor bits = halves.reshape({rows, blocks * kUnitsOfBlock}).slice(1, 0, units);
  return bits.ge(static_cast<int64_t>(std::llround(stream.probability * 65536)));
}

at::Tensor random_keys(const at::Tensor& ids, const at::Tensor& epoch, uint64_t seed, Purpose purpose) {
  constexpr int64_t kSign = 0x80000000;  // of the higher word, inverted: so signed numbers compare as unsigned ones
  const at::Tensor id = low_word(ids), zero = id * 0;
  const auto words =
      plain_philox({id, low_word(epoch).expand_as(id), zero + (static_cast<int64_t>(purpose) << 24), zero}, seed);
  return words[0].bitwise_xor(kSign).bitwise_left_shift(int64_t{32}).bitwise_or(words[1]);
}

namespace device_plain {

at::Tensor draw_views(const at::Tensor& ids, const at::Tensor& epoch, int64_t seed, int64_t count) {
  const at::Tensor id = low_word(ids), zero = id * 0;
  const auto words =
      plain_philox({id, low_word(epoch).expand_as(id), zero + (static_cast<int64_t>(Purpose::view) << 24), zero},
                   static_cast<uint64_t>(seed));
  return count <= int64_t{1} << 32 ? multiply_high(words[0], count) : multiply_high_wide(words[0], words[1], count);
}

at::Tensor drop_units(const at::Tensor& x, const at::Tensor& ids, const at::Tensor& epoch, int64_t seed, int64_t lane,
                      double probability) {
  const DropoutStream stream{static_cast<uint64_t>(seed), static_cast<uint32_t>(lane), probability};
  const int64_t units = x.size(0) > 0 ? x.numel() / x.size(0) : 0;
  const at::Tensor factors = kept_units(ids, epoch, stream, units).reshape(x.sizes()).to(at::kFloat) *
                             static_cast<float>(1 / (1 - probability));
  return (x.to(at::kFloat) * factors).to(x.scalar_type());
}

}  // namespace device_plain
}  // namespace limbeck
