#pragma once
// A teacher's networks in int8 (nn/int8_network.h): a fraction of the time of a live teacher's pass, for soft targets
// that differ a little. How much is measured and told.
#include <memory>

#include "teacher/teacher.h"

namespace limbeck {

/// How far the outputs of a network in int8 are those in float32.
struct Int8Agreement {
  int64_t examples = 0;
  int64_t same = 0;       ///< of them with the same most probable class
  double divergence = 0;  ///< mean KL(p ‖ q), p in float32 and q in int8, at T = 1, in nats
};

Int8Agreement agreement_of(const Network& network, const Network& int8, const ExampleSet& examples);

/// Returns the network in int8, or the committee of its members in int8; ranges of activations are calibrated on
/// training examples without augmentation, drawn in one order whatever the run's seed. Tells the agreement on other
/// training examples, or on the same if there are no more. Throws Error of kind usage for a network that is no graph of
/// operations known by name, and on a device other than the CPU.
std::shared_ptr<const Network> in_int8(const std::shared_ptr<const Network>& network, const std::string& name,
                                       const TeacherContext& context);

}  // namespace limbeck
