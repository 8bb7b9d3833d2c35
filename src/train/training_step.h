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

/// The position of a step in training.
struct StepPlace {
  uint64_t seed = 0;
  int64_t epoch = 0;       ///< current epoch
  double epochs_done = 0;  ///< fractional
  double rate_factor = 1;  ///< multiplies the learning rate
};

/// The outputs of the forward and backward pass. Gradients are stored in the parameters.
struct StepPasses {
  at::Tensor logits;               ///< logits of the student, [N, C]; may be overwritten by the next step
  at::Tensor values;               ///< [1 + terms]: the total, then the terms of Objective::Value
  std::vector<bool> needs_labels;  ///< per term
  int64_t networks = 1;            ///< number of networks in the ensemble; the total is their sum
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
  /// Runs a step. Skips the update if the total loss is not finite.
  virtual StepResult operator()(const Batch& batch, const TeacherOutputs& teacher, const StepPlace& place) = 0;
  virtual void begin_epoch() {}
};

/// The step without graph capture. All arguments must outlive it.
class PlainStep : public TrainingStep {
 public:
  PlainStep(const Network& network, const Objective& objective, Optimizer& optimizer, Precision precision)
      : network_(network),
        objective_(objective),
        optimizer_(optimizer),
        taps_(objective.needs().student_taps),
        precision_(precision) {}

  StepResult operator()(const Batch& batch, const TeacherOutputs& teacher, const StepPlace& place) override;

  /// Runs forward, objective and backward without synchronizing with the device.
  StepPasses passes(const Batch& batch, const TeacherOutputs& teacher, const StepPlace& place) const;
  /// Waits for the values and updates the parameters if the total is finite.
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
