#pragma once
// The training steps of a stage by themselves, without a trainer: what is queued in a step, and what it leaves.
#include <memory>
#include <utility>

#include "recipe/recipe.h"
#include "train/training_step.h"

namespace limbeck {

/// The steps of a stage, of seed 1, on the device of network and examples, which must outlive them. teacher: nullptr
/// for none.
class StageSteps {
 public:
  StageSteps(const StageRecipe& stage, const Network& network, const ExampleSet& examples,
             std::unique_ptr<Teacher> teacher, Precision precision = Precision::float32, Recorder recorder = {})
      : augmenter_(stage.augment),
        teacher_(std::move(teacher)),
        batches_(examples, augmenter_, 1, stage.batch_size, teacher_ == nullptr ? 0 : teacher_->view_cycle()),
        objective_(stage.loss),
        optimizer_(make_optimizer(stage.optimizer, network)),
        schedule_(stage.schedule.make<Schedule>()),
        sums_(objective_.names()),
        step_(make_training_step({.seed = 1,
                                  .epochs = static_cast<double>(stage.epochs),
                                  .network = network,
                                  .objective = objective_,
                                  .teacher = teacher_.get(),
                                  .schedule = *schedule_,
                                  .optimizer = *optimizer_,
                                  .batches = batches_,
                                  .sums = sums_,
                                  .precision = precision,
                                  .recorder = std::move(recorder)})) {
    step_->begin_epoch(0, 0);
  }

  void operator()() { (*step_)(); }
  std::optional<StepFailure> settle() { return step_->settle(); }
  /// After settle().
  const EpochSums& sums() const { return sums_; }

 private:
  Augmenter augmenter_;
  std::unique_ptr<Teacher> teacher_;
  TrainingBatches batches_;
  Objective objective_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<Schedule> schedule_;
  EpochSums sums_;
  std::unique_ptr<TrainingStep> step_;
};

}  // namespace limbeck
