#pragma once
// What happens during a run, as events. The trainer and the runner emit them; the progress line, metrics.jsonl and the
// terminal table are observers of them.
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace limbeck {

/// Means over a number of examples, computed from sums and counts, never as means of batch means.
struct SplitMetrics {
  std::string split;     ///< "train", "validation", "test"
  int64_t examples = 0;  ///< examples with a label, over which accuracy is taken
  int64_t errors = 0;
  double accuracy = 0;  ///< 1 − errors / examples
  double loss = 0;      ///< train: mean objective per example; elsewhere mean negative log-likelihood
};

struct StageStarted {
  std::string stage;
  std::string description;  ///< "mlp 800-800, 1,276,810 parameters, from teacher 'teacher'"
  int64_t epochs = 0;
  int64_t first_epoch = 0;  ///< > 0 if the stage resumes from a checkpoint
  std::string folder = {};  ///< of the stage within a run; empty: there is none
};

/// A stage that is not run again, because it is finished and neither its recipe nor its inputs changed.
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
  int64_t epoch = 0;  ///< from 1: the number of epochs done
  int64_t epochs = 0;
  int64_t step = 0;  ///< steps since the start of the stage
  double learning_rate = 0;
  double seconds = 0;  ///< of this epoch's training, without evaluation
  double examples_per_second = 0;
  SplitMetrics train;
  std::map<std::string, double> terms;  ///< each term of the objective, unweighted, mean per example
  std::optional<SplitMetrics> validation;
};

struct StageDone {
  std::string stage;
  double seconds = 0;
  double examples_per_second = 0;
  SplitMetrics test;
};

/// Progress of work other than training: filling a store, reading pictures.
struct WorkProgress {
  std::string what;  ///< "teacher outputs of 'distilled'"
  int64_t done = 0;
  int64_t all = 0;
  double per_second = 0;
};

/// Something that the user should know and that is not an error.
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

}  // namespace limbeck
