#pragma once
// A training step whose forward and backward passes are captured once per epoch and replayed: small networks on a GPU
// are bound by kernel launches (kernels/captured_function.h).
#include "kernels/captured_function.h"
#include "train/training_step.h"

namespace limbeck {

class RecordedStep : public TrainingStep {
 public:
  /// Network and objective of the plain step must support capture. The update is not captured, since it reads the
  /// learning rate.
  RecordedStep(std::unique_ptr<PlainStep> plain, Recorder recorder);
  RecordedStep(const RecordedStep&) = delete;
  RecordedStep& operator=(const RecordedStep&) = delete;

  StepResult operator()(const Batch& batch, const TeacherOutputs& teacher, const StepPlace& place) override;

  /// Discards the capture, which holds the epoch (used by dropout) as a constant.
  void begin_epoch() override { passes_.forget(); }

 private:
  CapturedFunction::Tensors run_passes(const CapturedFunction::Tensors& arguments);

  std::unique_ptr<PlainStep> plain_;
  CapturedFunction passes_;
  // Inputs of the current step other than tensors.
  std::vector<std::string> teacher_features_;
  StepPlace place_;
  // Outputs of the passes that are the same in each step.
  std::vector<bool> needs_labels_;
  int64_t networks_ = 1;
};

/// Returns a RecordedStep if there is a recorder and network and objective support capture; else a PlainStep.
std::unique_ptr<TrainingStep> make_training_step(const Network& network, const Objective& objective,
                                                 Optimizer& optimizer, Precision precision, Recorder recorder);

}  // namespace limbeck
