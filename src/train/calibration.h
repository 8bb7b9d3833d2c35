#pragma once
// Class-bias calibration. A network distilled from a transfer set without some classes (or with only some) has learned
// what they look like from soft targets, but not how frequent they are; one number added to their biases mends most of
// that (Hinton, Vinyals, Dean 2015, section 3: +3.5 for the 3s that were never seen; −7.6 for 7 and 8 where nothing
// else was).
//
//   const BiasCalibration found = calibrate_bias(logits, labels, {3});   // on held-out examples
//   shift_output_bias(network, {3}, found.offset);

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace limbeck {

struct BiasCalibration {
  double offset = 0;
  int64_t errors_before = 0;
  int64_t errors_after = 0;
};

/// The number b that, added to the logits of `classes`, makes the fewest errors on logits [n, C], labels [n] without
/// −1. Errors change only where b passes a difference of logits, so that all values are tried exactly; of equally good
/// ones, the middle of the widest gap that holds them, or 0 where that is among the best. Throws Error where `classes`
/// are all or none of the C classes.
BiasCalibration calibrate_bias(const at::Tensor& logits, const at::Tensor& labels, const std::vector<int64_t>& classes);

}  // namespace limbeck
