#pragma once
// What a run tells while it works: the observer of run_recipe (run.h) is called with each event.
//
//   const auto observer = [](const Event& event) {
//     if (const auto* epoch = std::get_if<EpochDone>(&event)) std::cout << epoch->stage << " " << epoch->train.loss;
//   };
//
// Thread-safety: events are values; an observer gets one at a time.
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "limbeck/api.h"

namespace limbeck LIMBECK_API {

/// Metrics averaged over examples: sums divided by counts, never means of batch means.
struct SplitMetrics {
  std::string split;     ///< "train", "validation", "test"
  int64_t examples = 0;  ///< labelled examples, the denominator of accuracy
  int64_t errors = 0;
  double accuracy = 0;  ///< 1 − errors / examples
  double loss = 0;      ///< train: mean objective per example; elsewhere mean negative log-likelihood
};

struct StageStarted {
  std::string stage;
  std::string description;  ///< "mlp 800-800, 1,276,810 parameters, from teacher 'teacher'"
  int64_t epochs = 0;
  int64_t first_epoch = 0;  ///< > 0 if the stage resumes from a checkpoint
  std::string folder = {};  ///< the stage's folder within the run; empty: none
};

/// A stage that is skipped because it has finished and neither its recipe nor its inputs have changed.
struct StageReused {
  std::string stage;
  std::string folder = {};
};

struct StepDone {
  std::string stage;
  int64_t epoch = 0;  ///< from 0
  int64_t epochs = 0;
  int64_t step = 0;   ///< within the epoch, from 1
  int64_t steps = 0;  ///< per epoch
  double examples_per_second = 0;
  double loss = 0;  ///< mean objective of this epoch so far
};

struct EpochDone {
  std::string stage;
  int64_t epoch = 0;  ///< number of completed epochs, so from 1
  int64_t epochs = 0;
  int64_t step = 0;  ///< steps since the start of the stage
  double learning_rate = 0;
  double seconds = 0;  ///< training time of this epoch, without evaluation
  double examples_per_second = 0;
  SplitMetrics train;
  std::map<std::string, double> terms;  ///< each term of the objective: unweighted mean per example
  std::optional<SplitMetrics> validation;
};

struct StageDone {
  std::string stage;
  double seconds = 0;
  double examples_per_second = 0;
  SplitMetrics test;
};

/// Progress of work other than training: filling a teacher store, decoding images.
struct WorkProgress {
  std::string what;  ///< "teacher outputs of 'distilled'"
  int64_t done = 0;
  int64_t all = 0;
  double per_second = 0;
};

/// A message for the user that is not an error.
struct Notice {
  enum class Weight { usual, grave };
  std::string message;
  Weight weight = Weight::usual;  ///< grave: shown even with --quiet
};

using Event = std::variant<StageStarted, StageReused, StepDone, EpochDone, StageDone, WorkProgress, Notice>;
using Observer = std::function<void(const Event&)>;

/// Passes each event to every observer, in the order in which they were added.
class EventBus {
 public:
  void subscribe(Observer observer) { observers_.push_back(std::move(observer)); }
  void emit(const Event& event) const {
    for (const Observer& observer : observers_) observer(event);
  }

 private:
  std::vector<Observer> observers_;
};

}  // namespace LIMBECK_API
