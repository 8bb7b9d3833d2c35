#include "core/random.h"

#include <Random123/philox.h>
#include <xxhash.h>

#include <cmath>
#include <numbers>

#include "core/error.h"

namespace limbeck {

std::array<uint32_t, 4> philox(const RandomKey& key, uint32_t block) {
  const auto purpose = static_cast<uint32_t>(key.purpose);
  if (purpose >= 1U << 8 || key.lane >= 1U << 8)
    throw Error(fmt::format("random stream out of range: purpose {}, lane {}", purpose, key.lane));
  const r123::Philox4x32::ctr_type counter = {
      {key.id, key.epoch, purpose << 24 | key.lane << 16 | (block & 0xffff), block >> 16}};
  const r123::Philox4x32::key_type philox_key = {
      {static_cast<uint32_t>(key.seed), static_cast<uint32_t>(key.seed >> 32)}};
  const r123::Philox4x32::ctr_type words = r123::Philox4x32()(counter, philox_key);
  return {words[0], words[1], words[2], words[3]};
}

namespace {

/// A seed that JSON's numbers hold.
uint64_t drawn_seed(const RandomKey& key) {
  const auto words = philox(key, 0);
  return (static_cast<uint64_t>(words[0]) << 32 | words[1]) >> 12;
}

}  // namespace

uint64_t replica_seed(uint64_t seed, uint32_t replica) {
  return drawn_seed({.seed = seed, .purpose = Purpose::replica, .id = replica});
}

uint64_t stage_seed(uint64_t seed, std::string_view stream) {
  const uint64_t hash = XXH3_64bits(stream.data(), stream.size());
  return drawn_seed({.seed = seed,
                     .purpose = Purpose::stage,
                     .epoch = static_cast<uint32_t>(hash >> 32),
                     .id = static_cast<uint32_t>(hash)});
}

uint32_t Random::bits() {
  if (used_ == 4) {
    words_ = philox(key_, block_++);
    used_ = 0;
  }
  return words_[static_cast<size_t>(used_++)];
}

uint32_t Random::below(uint32_t count) {
  if (count == 0) throw Error("Random::below: count is 0; expected at least 1");
  // Multiply and take the high word (Lemire 2019); the bias is below count / 2^32.
  return static_cast<uint32_t>((static_cast<uint64_t>(bits()) * count) >> 32);
}

uint64_t Random::below_wide(uint64_t count) {
  if (count == 0 || count > 1ULL << 62)
    throw Error(fmt::format("Random::below_wide: count is {}; expected 1 to 2^62", count));
  if (count <= 1ULL << 32) return (bits() * count) >> 32;
  __extension__ using Wide = unsigned __int128;
  const uint64_t high = bits(), low = bits();
  return static_cast<uint64_t>((static_cast<Wide>(high << 32 | low) * count) >> 64);
}

float Random::normal() {
  const float radius = std::sqrt(-2.0F * std::log(1.0F - uniform()));
  return radius * std::cos(2.0F * std::numbers::pi_v<float> * uniform());
}

double Random::log_gamma(double shape) {
  if (!(shape > 0)) throw Error(fmt::format("a Gamma distribution of shape {}; expected above 0", shape));
  // Marsaglia and Tsang 2000, "A simple method for generating gamma variables"; below 1 by Gamma(a) = Gamma(a + 1)
  // U^(1/a). In logarithms, since for small shapes almost all of Gamma is below the smallest double.
  if (shape < 1) return log_gamma(shape + 1) + std::log(1.0 - static_cast<double>(uniform())) / shape;
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = normal(), root = 1 + c * x;
    if (root <= 0) continue;
    const double log_v = 3 * std::log(root), u = 1.0 - static_cast<double>(uniform());
    if (std::log(u) < 0.5 * x * x + d - d * std::exp(log_v) + d * log_v) return std::log(d) + log_v;
  }
}

double Random::beta(double a, double b) {
  const double x = log_gamma(a), y = log_gamma(b);
  return 1 / (1 + std::exp(y - x));
}

}  // namespace limbeck
