#pragma once
// What is told of a step whose loss is not finite.
#include <string>
#include <vector>

#include "data/batch.h"
#include "nn/outputs.h"

namespace limbeck {

struct LostStep {
  const std::string& stage;
  int64_t epoch = 0;  ///< from 1
  int64_t step = 0;   ///< of the epoch, from 1
  double learning_rate = 0;
  const std::vector<std::string>& terms;  ///< names
  const std::vector<double>& values;      ///< the total, then the terms
};

/// Throws Error: the teacher is to blame where its outputs are not finite, else the terms and the learning rate are
/// told.
[[noreturn]] void throw_lost(const LostStep& lost, const TeacherOutputs& teacher, const Batch& batch);

}  // namespace limbeck
