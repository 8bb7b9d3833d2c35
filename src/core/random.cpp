#include "core/random.h"

#include <Random123/philox.h>

#include <cmath>
#include <numbers>

#include "core/error.h"

namespace limbeck {

std::array<uint32_t, 4> philox(const RandomKey& key, uint32_t block) {
  const auto purpose = static_cast<uint32_t>(key.purpose);
  if (purpose >= 1U << 8 || key.lane >= 1U << 8 || block >= 1U << 16)
    throw Error(fmt::format("random stream out of range: purpose {}, lane {}, block {}", purpose, key.lane, block));
  const r123::Philox4x32::ctr_type counter = {{key.id, key.epoch, purpose << 24 | key.lane << 16 | block, 0}};
  const r123::Philox4x32::key_type philox_key = {
      {static_cast<uint32_t>(key.seed), static_cast<uint32_t>(key.seed >> 32)}};
  const r123::Philox4x32::ctr_type words = r123::Philox4x32()(counter, philox_key);
  return {words[0], words[1], words[2], words[3]};
}

uint64_t replica_seed(uint64_t seed, uint32_t replica) {
  const auto words = philox({seed, Purpose::replica, 0, replica}, 0);
  return (static_cast<uint64_t>(words[0]) << 32 | words[1]) >> 12;
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

float Random::normal() {
  const float radius = std::sqrt(-2.0F * std::log(1.0F - uniform()));
  return radius * std::cos(2.0F * std::numbers::pi_v<float> * uniform());
}

}  // namespace limbeck
