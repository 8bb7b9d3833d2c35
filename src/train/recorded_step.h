#pragma once
// A training step whose passes are recorded once in each epoch and replayed: on a GPU, a small network is bound by the
// launch of its kernels (kernels/captured_function.h).
#include "kernels/captured_function.h"
#include "train/training_step.h"

namespace limbeck {

class RecordedStep : public TrainingStep {
 public:
  /// Network and objective of the plain step can be recorded. The update is not: it reads the learning rate.
  RecordedStep(std::unique_ptr<PlainStep> plain, Recorder recorder);
  RecordedStep(const RecordedStep&) = delete;
  RecordedStep& operator=(const RecordedStep&) = delete;

  StepResult operator()(const Batch& batch, const TeacherOutputs& teacher, const StepPlace& place) override;

  /// Dropout depends on the epoch, which a recording holds as a constant.
  void begin_epoch() override { passes_.forget(); }

 private:
  CapturedFunction::Tensors run_passes(const CapturedFunction::Tensors& arguments);

  std::unique_ptr<PlainStep> plain_;
  CapturedFunction passes_;
  // Of the step that is being done, beside the tensors.
  std::vector<std::string> teacher_features_;
  StepPlace place_;
  // What the passes found, the same in each step.
  std::vector<bool> needs_labels_;
  int64_t networks_ = 1;
};

/// Recorded where there is a recorder, and network and objective allow it.
std::unique_ptr<TrainingStep> make_training_step(const Network& network, const Objective& objective,
                                                 Optimizer& optimizer, Precision precision, Recorder recorder);

}  // namespace limbeck
