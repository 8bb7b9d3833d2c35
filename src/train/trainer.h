#pragma once
// The only training loop. A teacher, a baseline, a student and a specialist differ in objective and teacher. Progress
// line, metrics and pages observe its events.
#include <ATen/core/Tensor.h>

#include <chrono>
#include <memory>

#include "core/events.h"
#include "loss/objective.h"
#include "teacher/teacher.h"
#include "train/checkpoint.h"
#include "train/epoch_sums.h"
#include "train/recorded_step.h"
#include "train/schedule.h"
#include "train/stopping.h"
#include "train/teacher_replay.h"
#include "train/training_batches.h"

namespace limbeck {

/// What a stage trains with; all of it outlives the trainer.
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
  Recorder recorder = {};  ///< empty: every step's operations are launched one by one
  std::string conditions;  ///< which change the result by rounding only: "2 threads, float32"
};

struct TrainingResult {
  double seconds = 0;  ///< of training, over all runs of the stage
  double examples_per_second = 0;
  int64_t epochs = 0;                   ///< trained
  int64_t kept_epoch = 0;               ///< whose weights the network has; less than `epochs` after early stopping
  std::vector<std::string> conditions;  ///< all under which the stage was trained
  int64_t loss_parameters = 0;          ///< numbers that the losses learned for themselves
};

class Trainer {
 public:
  explicit Trainer(const TrainingSetup& setup);

  /// Trains to the end; resumes from the checkpoint if there is one. Throws Error if the loss is not finite, and an
  /// Error of kind interrupted, after saving a checkpoint, if a stop was requested.
  TrainingResult run();

 private:
  using Clock = std::chrono::steady_clock;

  /// All that is trained: the network, and what the losses have made for themselves after a dry run.
  ParameterGroups prepare();
  LossShapes dry_run() const;
  /// What a checkpoint holds beside the progress.
  TrainedState trained_state() { return {setup_.network, objective_.parameters(), *optimizer_}; }
  void load_checkpoint();
  /// Adds this process's conditions to those of the stage, with a notice where they changed.
  void note_conditions();
  /// The teacher of a stage that resumes computes again what it had kept in memory, or will before it is needed.
  TeacherReplay replay_teacher();
  void train_step(const Batch& batch);
  void finish_epoch();
  void save_or_stop();
  [[noreturn]] void stop() const;
  void count_step(int64_t examples, double seconds);
  double epochs_done() const;
  double rate_factor() const;

  TrainingSetup setup_;
  TrainingBatches batches_;
  Objective objective_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<Schedule> schedule_;
  std::unique_ptr<TrainingStep> step_;
  Stopping stopping_;
  EpochSums sums_;
  Progress progress_;
  double epoch_seconds_ = 0;  ///< of this epoch's steps, in this process
  double epoch_examples_ = 0;
  Clock::time_point last_save_;
  Clock::time_point last_report_;
};

}  // namespace limbeck
