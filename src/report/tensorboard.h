#pragma once
// Event files for TensorBoard, written during a run: RUN/tensorboard/STAGE/, of several seeds
// RUN/tensorboard/seed-N/STAGE/. A step is an epoch. Their content follows from the stage's metrics.jsonl: a stage that
// resumes, or that was finished before, begins a new file with the epochs of metrics.jsonl, so that none is missing or
// written twice after a crash.
//
//   EventBus events;
//   TensorBoardWriter writer("runs/mnist");
//   events.subscribe([&](const Event& event) { writer(event); });
//
//   loss/train                     the objective; terms/NAME each of its terms, unweighted
//   accuracy/{train,validation,test}, nll/{validation,test}, errors/test
//   learning_rate, examples_per_second
#include <string>

#include "core/events.h"
#include "core/files.h"
#include "report/event_record.h"
#include "results/epoch_metrics.h"

namespace limbeck {

class TensorBoardWriter {
 public:
  explicit TensorBoardWriter(fs::path run) : run_(std::move(run)) {}

  /// Throws Error where a file cannot be written.
  void operator()(const Event& event);

 private:
  /// Writes everything up to this epoch into a new file that replaces older ones; −1: every epoch.
  void begin(const std::string& stage_folder, int64_t last_epoch);
  /// The records of the epochs in metrics.jsonl that are not written yet, up to this one; −1: all.
  std::string new_epochs(int64_t last_epoch);
  std::string test_figures(const Metrics& test) const;

  fs::path run_;
  fs::path metrics_;       ///< of the present stage
  fs::path file_;          ///< its event file; empty before the first stage
  int64_t epoch_ = 0;      ///< the last that is written
  double epoch_time_ = 0;  ///< when it ended, in seconds since 1970
};

/// What one line of metrics.jsonl says, by tag.
Scalars scalars_of(const EpochMetrics& epoch);

}  // namespace limbeck
