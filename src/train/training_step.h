#pragma once
// One step of training: forward, objective, backward, update.

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "data/batch.h"
#include "kernels/precision.h"
#include "loss/objective.h"
#include "nn/network.h"
#include "train/optimizer.h"

namespace limbeck {

/// Where in training a step is.
struct StepPlace {
  uint64_t seed = 0;
  int64_t epoch = 0;       ///< that is under way
  double epochs_done = 0;  ///< with fractions
  double rate_factor = 1;  ///< multiplies the learning rate
};

/// What the forward and the backward pass found. The gradients lie with the parameters.
struct StepPasses {
  at::Tensor logits;               ///< [N, C], the student's; the next step may overwrite it
  at::Tensor values;               ///< [1 + terms]: the total, then the terms of Objective::Value
  std::vector<bool> needs_labels;  ///< of the terms
  int64_t networks = 1;            ///< in a committee; the total is their sum
};

struct StepResult {
  at::Tensor logits;
  std::vector<double> values;
  std::vector<bool> needs_labels;
  int64_t networks = 1;
};

class TrainingStep {
 public:
  virtual ~TrainingStep() = default;
  /// Nothing is updated where the total is not finite.
  virtual StepResult operator()(const Batch& batch, const TeacherOutputs& teacher, const StepPlace& place) = 0;
  virtual void begin_epoch() {}
};

/// The step as it reads. All outlive it.
class PlainStep : public TrainingStep {
 public:
  PlainStep(const Network& network, const Objective& objective, Optimizer& optimizer, Precision precision)
      : network_(network),
        objective_(objective),
        optimizer_(optimizer),
        taps_(objective.needs().student_taps),
        precision_(precision) {}

  StepResult operator()(const Batch& batch, const TeacherOutputs& teacher, const StepPlace& place) override;

  /// Forward, objective, backward, without waiting for the device.
  StepPasses passes(const Batch& batch, const TeacherOutputs& teacher, const StepPlace& place) const;
  /// Waits for the values, and updates where the total is finite.
  StepResult update(const StepPasses& passes, const StepPlace& place);

  const Optimizer& optimizer() const { return optimizer_; }

 private:
  const Network& network_;
  const Objective& objective_;
  Optimizer& optimizer_;
  std::vector<std::string> taps_;
  Precision precision_;
};

}  // namespace limbeck
