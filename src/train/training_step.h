#pragma once
// The forward and the backward pass of one step of training.

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "data/batch.h"
#include "kernels/captured_function.h"
#include "loss/objective.h"
#include "nn/network.h"

namespace limbeck {

class TrainingStep {
 public:
  /// All outlive the step. `recorder`: where it is not empty, and network and objective can be recorded, steps of one
  /// shape are recorded once in each epoch and replayed.
  TrainingStep(const Network& network, const Objective& objective, Precision precision, Recorder recorder);
  TrainingStep(const TrainingStep&) = delete;
  TrainingStep& operator=(const TrainingStep&) = delete;

  struct Result {
    at::Tensor logits;               ///< [N, C], the student's; the next step may overwrite it
    std::vector<double> values;      ///< the total, then the terms of Objective::Value
    std::vector<bool> needs_labels;  ///< of the terms
    int64_t networks = 1;            ///< in a committee; `total` is their sum
  };
  /// Afterwards the gradients lie with the parameters. `noise`: of the batch's ids; `epochs`: that are done, with
  /// fractions.
  Result operator()(const Batch& batch, const TeacherOutputs& teacher, const Noise& noise, double epochs);

  /// Dropout depends on the epoch, which a recording holds as a constant.
  void begin_epoch() { passes_.forget(); }

 private:
  CapturedFunction::Tensors passes(const CapturedFunction::Tensors& arguments);

  const Network& network_;
  const Objective& objective_;
  LossNeeds needs_;
  Precision precision_;
  CapturedFunction passes_;
  // Of the step that is being done, beside the tensors.
  std::vector<std::string> teacher_features_;
  Noise noise_;
  double epochs_ = 0;
  // What the passes found, the same in each step.
  std::vector<bool> needs_labels_;
  int64_t networks_ = 1;
};

}  // namespace limbeck
