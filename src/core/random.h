#pragma once
// Counter-based random numbers: a pure function of (seed, purpose, epoch, id), computed by Philox4x32-10 of J. K.
// Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
//
// There is no generator state to store in checkpoints: a resumed run draws the same numbers, so that resuming is
// bit-identical, and the augmentation of an example can be replayed from its id.
//
//   const RandomKey key{.seed = 1, .purpose = Purpose::order, .epoch = 3, .id = 17};
//   Random random(key);
//   const float angle = random.uniform(-20, 20);
#include <array>
#include <cstdint>
#include <string_view>

namespace limbeck {

/// What a random number is used for; different purposes use disjoint streams. Runs are reproducible only as long as
/// these values stay the same: append new ones, never renumber.
enum class Purpose : uint32_t {
  initial_weights = 1,   ///< id: index of the parameter in the network
  order = 2,             ///< of the examples in an epoch
  view = 3,              ///< augmentation of an example
  dropout = 4,           ///< id: the example
  split = 5,             ///< which training examples are held out for validation
  subset = 6,            ///< which examples a fraction keeps, or whose labels are hidden
  synthesis = 7,         ///< built-in digits; id: the example
  replica = 8,           ///< seeds of replicas; id: the replica
  label_noise = 9,       ///< which training examples get a wrong label, and which label
  sweep = 10,            ///< points of a random search; id: the point
  mixing = 11,           ///< mixup: the partner of an example, and λ
  grouping = 12,         ///< of classes for specialists
  others = 13,           ///< examples of other classes that a specialist sees; epoch: the specialist, id: the example
  stage = 14,            ///< seeds of stages; epoch and id: the two halves of a hash of the stream's name
  loss_parameters = 15,  ///< epoch: index of the parameter in the loss, id: its row, lane: index of the loss
  copies = 16,           ///< augmented copies of recordings; epoch: the copy, id: the recording
};

/// Identifies one stream of random numbers. `lane` distinguishes streams of the same example, e.g. those of several
/// dropout nodes.
struct RandomKey {
  uint64_t seed = 0;
  Purpose purpose = Purpose::order;
  uint32_t epoch = 0;
  uint32_t id = 0;
  uint32_t lane = 0;
};

/// Returns the 128 random bits at position `block` of a stream. Distinct (seed, purpose, lane, epoch, id, block) give
/// independent bits; purpose < 2^8, lane < 2^8 and the low 16 bits of the block share one word of the counter.
std::array<uint32_t, 4> philox(const RandomKey& key, uint32_t block);

/// Returns the seed of the k-th replica, k from 1; below 2^52. Replicas differ only in initialization and order of
/// examples.
uint64_t replica_seed(uint64_t seed, uint32_t replica);

/// Returns the seed of a stage with a named stream of random numbers (derived from XXH3 of the name); below 2^52.
uint64_t stage_seed(uint64_t seed, std::string_view stream);

/// Maps 32 random bits to a uniform number in [0, 1), exact in float.
constexpr float unit_float(uint32_t bits) {
  return static_cast<float>(bits >> 8) * 0x1p-24F;
}

/// Draws successive numbers from one stream.
class Random {
 public:
  explicit Random(const RandomKey& key) : key_(key) {}

  uint32_t bits();
  /// Uniform in [0, 1).
  float uniform() { return unit_float(bits()); }
  /// Uniform in [low, high).
  float uniform(float low, float high) { return low + (high - low) * uniform(); }
  /// Uniform in {0, …, count − 1}; count ≥ 1.
  uint32_t below(uint32_t count);
  /// Same for any count from 1 to 2^62: uses 32 random bits up to 2^32, 64 above.
  uint64_t below_wide(uint64_t count);
  /// Standard normal (Box–Muller).
  float normal();
  /// Beta(a, b), in [0, 1]; a and b above 0, however small.
  double beta(double a, double b);

 private:
  /// Returns the logarithm of a draw from Gamma(shape, 1).
  double log_gamma(double shape);

  RandomKey key_;
  uint32_t block_ = 0;
  int used_ = 4;
  std::array<uint32_t, 4> words_{};
};

}  // namespace limbeck
