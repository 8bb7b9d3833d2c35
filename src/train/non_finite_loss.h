#pragma once
// Error report for a step whose loss is not finite.
#include <string>
#include <vector>

#include "data/batch.h"
#include "limbeck/outputs.h"

namespace limbeck {

struct NonFiniteStep {
  const std::string& stage;
  int64_t epoch = 0;  ///< from 1
  int64_t step = 0;   ///< of the epoch, from 1
  double learning_rate = 0;
  const std::vector<std::string>& terms;  ///< names
  const std::vector<double>& values;      ///< the total, then the terms
};

/// Throws Error. The message blames the teacher if its outputs are not finite; else it reports the terms and the
/// learning rate.
[[noreturn]] void throw_non_finite(const NonFiniteStep& step, const TeacherOutputs& teacher, const Batch& batch);

}  // namespace limbeck
