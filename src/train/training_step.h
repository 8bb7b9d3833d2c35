#pragma once
// The forward and the backward pass of one step of training.
#include <torch/types.h>

#include <string>
#include <vector>

#include "data/batch.h"
#include "loss/objective.h"
#include "nn/captured_function.h"
#include "nn/network.h"

namespace limbeck {

class TrainingStep {
 public:
  /// All outlive the step. `recorder`: where it is not empty, steps of one shape are recorded once in each epoch and replayed, unless the weights
  /// of the objective's terms change with time.
  TrainingStep(const Network& network, const Objective& objective, Precision precision, Recorder recorder);

  struct Result {
    torch::Tensor logits;            ///< [N, C], the student's
    std::vector<double> values;      ///< the total, then the terms of Objective::Value
    std::vector<bool> needs_labels;  ///< of the terms
    int64_t networks = 1;            ///< in a committee; `total` is their sum
  };
  /// Afterwards the gradients lie with the parameters. `noise`: of the batch's ids; `epochs`: that are done, with fractions.
  Result operator()(const Batch& batch, const TeacherOutputs& teacher, const Noise& noise, double epochs);

  /// What is recorded belongs to one epoch.
  void begin_epoch() { passes_.forget(); }
  /// Why steps cannot be recorded; empty where they can, or where that was not tried.
  const std::string& failure() const { return passes_.failure(); }

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
