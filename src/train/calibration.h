#pragma once
// Class-bias calibration. A network distilled from a transfer set that lacks some classes (or has only some) learns
// their appearance from soft targets, but not their frequency. Adding one constant to their biases corrects most of
// this (Hinton, Vinyals, Dean 2015, section 3: +3.5 for the 3s that were never seen; −7.6 for 7 and 8 if the transfer
// set has only these).
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

/// Returns the constant b that minimizes the errors when added to the logits of `classes`. logits [n, C], labels [n]
/// without −1. The search is exact, since errors change only where b crosses a difference of logits. Among equally good
/// values, returns 0 if possible, else the middle of the widest interval. Throws Error if `classes` contains all or
/// none of the C classes.
BiasCalibration calibrate_bias(const at::Tensor& logits, const at::Tensor& labels, const std::vector<int64_t>& classes);

}  // namespace limbeck
