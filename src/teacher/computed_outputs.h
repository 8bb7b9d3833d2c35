#pragma once
// Teacher outputs computed once for every training example and kept in memory. True only where each example has one view,
// which is why asking for it under augmentation is an error.
#include "teacher/teacher.h"

namespace limbeck {

class KeptOutputs : public Teacher {
 public:
  /// Runs `teacher` once over `examples`. Throws Error where the teacher gives features: those are not kept.
  KeptOutputs(const Teacher& teacher, const ExampleSet& examples);

  /// The kept outputs of the batch's ids; an id outside the examples is an Error.
  TeacherOutputs outputs(const Batch& batch) const override;

 private:
  torch::Tensor logits_;  ///< [n, C]
  torch::Tensor row_of_;  ///< [largest id + 1] int64 on the CPU; −1: not kept
};

}  // namespace limbeck
