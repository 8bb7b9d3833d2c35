#pragma once
// The training loop, shared by teachers, baselines, students and specialists, which differ in objective and teacher.
// Progress line, metrics and pages subscribe to its events.
#include <ATen/core/Tensor.h>

#include <chrono>
#include <memory>
#include <stop_token>

#include "limbeck/events.h"
#include "loss/objective.h"
#include "teacher/teacher.h"
#include "train/checkpoint.h"
#include "train/epoch_sums.h"
#include "train/schedule.h"
#include "train/stopping.h"
#include "train/teacher_replay.h"
#include "train/training_batches.h"
#include "train/training_step.h"

namespace limbeck {

/// The inputs of training; referenced objects must outlive the trainer.
struct TrainingSetup {
  const StageRecipe& stage;
  uint64_t seed = 0;
  Network& network;
  const Teacher* teacher = nullptr;  ///< nullptr: none
  const ExampleSet& train;
  const ExampleSet& validation;  ///< may be empty
  const Augmenter& augmenter;
  const CheckpointFile& checkpoint;
  const EventBus& events;
  Precision precision = Precision::float32;
  Recorder recorder = {};  ///< empty: no graph capture, kernels are launched one by one
  std::string conditions;  ///< conditions that affect the result by rounding only: "2 threads, float32"
  std::stop_token stop = {};
  Ranks* ranks = nullptr;  ///< the processes that train together; nullptr: this one alone
};

struct TrainingResult {
  double seconds = 0;  ///< of training, over all processes
  double examples_per_second = 0;
  int64_t epochs = 0;      ///< trained
  int64_t kept_epoch = 0;  ///< epoch whose weights the network has; less than `epochs` after early stopping
  std::vector<std::string> conditions;  ///< all conditions under which the stage was trained
  std::string objective;                ///< with the features that the losses compare
  int64_t loss_parameters = 0;          ///< trainable parameters of the losses
};

class Trainer {
 public:
  explicit Trainer(const TrainingSetup& setup);

  /// Trains to the end, resuming from a checkpoint if there is one. Throws Error if the loss is not finite, and, after
  /// saving a checkpoint, Error of kind interrupted if a stop was requested.
  TrainingResult run();

 private:
  using Clock = std::chrono::steady_clock;

  /// Returns all trainable parameters: those of the network, and those that the losses create after a dry run.
  ParameterGroups prepare();
  LossShapes dry_run() const;
  /// Returns the state that a checkpoint stores besides the progress.
  TrainedState trained_state() { return {setup_.network, objective_.parameters(), objective_.state(), *optimizer_}; }
  void load_checkpoint();
  /// Returns what a step works on, with a recorder of what of network and teacher can be captured; emits a notice if
  /// that is not all.
  StepSetup step_setup();
  /// Gives all ranks the weights and the state of rank 0, and checks that they are at the same place.
  void begin_together();
  /// Whether a stop was requested, of this process or, as they agreed, of one of the ranks.
  bool is_stopping() const;
  bool is_time_to_save() const;
  /// Ends training with a checkpoint if a stop was requested.
  void stop_between();
  /// Adds this process's conditions to the stage's; emits a notice if they changed.
  void note_conditions();
  /// Recomputes the outputs that the teacher of a resumed stage had cached in memory, now or before they are needed.
  TeacherReplay replay_teacher();
  void train_epoch();
  /// Waits for the steps of this epoch so far and counts them. Throws Error if the loss of one was not finite.
  void settle();
  [[noreturn]] void fail(const StepFailure& failure);
  void finish_epoch();
  void save();
  void save_or_stop();
  [[noreturn]] void stop() const;
  void report();

  TrainingSetup setup_;
  TrainingBatches batches_;
  Objective objective_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<Schedule> schedule_;
  Stopping stopping_;
  EpochSums sums_;
  std::unique_ptr<RankWork> rank_work_;  ///< nullptr: one process
  StepSetup step_setup_;
  std::unique_ptr<TrainingStep> step_;
  Progress progress_;
  int64_t counted_ = 0;       ///< steps of this epoch whose time and examples have been counted
  Clock::time_point mark_;    ///< until when time has been counted
  double epoch_seconds_ = 0;  ///< time of this epoch's steps in this process
  double epoch_examples_ = 0;
  Clock::time_point last_save_;
  Clock::time_point last_report_;
};

}  // namespace limbeck
