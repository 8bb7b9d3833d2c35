#pragma once
// Event files for TensorBoard, written during a run to RUN/tensorboard/STAGE/, or to RUN/tensorboard/seed-N/STAGE/ with
// several seeds. A step is an epoch. The content is derived from the stage's metrics.jsonl: a stage that resumes or is
// reused starts a new file with the epochs of metrics.jsonl, so that no epoch is missing or duplicated after a crash.
//
//   EventBus events;
//   TensorBoardWriter writer("runs/mnist");
//   events.subscribe([&](const Event& event) { writer(event); });
//
//   loss/train                     the objective; terms/NAME each of its terms, unweighted
//   accuracy/{train,validation,test}, nll/{validation,test}, errors/test
//   learning_rate, examples_per_second
#include <string>

#include "core/files.h"
#include "limbeck/events.h"
#include "report/event_record.h"
#include "results/epoch_metrics.h"

namespace limbeck {

class TensorBoardWriter {
 public:
  explicit TensorBoardWriter(fs::path run) : run_(std::move(run)) {}

  /// Handles an event. Throws Error if a file cannot be written.
  void operator()(const Event& event);

 private:
  /// Writes all epochs up to `last_epoch` (−1: all) to a new file that replaces older ones.
  void begin(const std::string& stage_folder, int64_t last_epoch);
  /// Returns the records of the epochs in metrics.jsonl not written yet, up to `last_epoch` (−1: all).
  std::string new_epochs(int64_t last_epoch);
  std::string test_figures(const Metrics& test) const;

  fs::path run_;
  fs::path metrics_;       ///< metrics.jsonl of the current stage
  fs::path file_;          ///< event file of the current stage; empty before the first stage
  int64_t epoch_ = 0;      ///< last epoch written
  double epoch_time_ = 0;  ///< end of that epoch, in seconds since 1970
};

/// Returns the scalars of one line of metrics.jsonl, by tag.
Scalars scalars_of(const EpochMetrics& epoch);

}  // namespace limbeck
