#pragma once
// What a stage found: its entry in results.json, and "results" in its record.
#include <optional>
#include <string>
#include <vector>

#include "results/metrics.h"
#include "results/stage_part.h"

namespace limbeck {

struct NetworkResult {
  std::string name;         ///< in the recipe
  std::string description;  ///< "mlp 800-800"
  std::optional<int64_t> parameters;
  std::optional<int64_t> multiply_adds;

  void bind(ResultFields& fields);
};

/// One of an ensemble's networks, or a specialist.
struct MemberResult {
  std::string name;
  std::string weights;  ///< file, within the run's folder

  void bind(ResultFields& fields);
};

/// Of a stage that may end before its last epoch.
struct StoppedResult {
  int64_t epochs = 0;  ///< at most
  Number epoch;        ///< the last
  Number kept_epoch;   ///< whose weights it keeps

  void bind(ResultFields& fields);
};

/// A number between two others.
struct Interval {
  double low = 0, high = 0;

  void bind(ResultFields& fields);
};

/// Where the numbers on ever more examples like these would lie.
struct Intervals {
  struct OfSplit {
    Interval accuracy, errors;
    void bind(ResultFields& fields);
  };
  double confidence = 0.95;
  std::string method = "Wilson";
  Named<OfSplit> splits;  ///< beside the two

  void bind(ResultFields& fields);

 private:
  static constexpr const char* kMethod = "method";
};

/// The sums of an epoch on one split.
struct EpochSplit {
  int64_t examples = 0;
  std::optional<double> loss, accuracy;
  int64_t errors = 0;

  /// By its key; nothing for one that an epoch does not have.
  std::optional<double> number(const std::string& metric) const;
  void bind(ResultFields& fields);
};

/// A point of a stage's curves. Times are left out: equal runs have equal curves.
struct CurvePoint {
  int64_t epoch = 0;
  std::optional<double> learning_rate;
  std::optional<EpochSplit> train, validation;
  Named<std::optional<double>> terms;  ///< of the objective, unweighted, by name

  void bind(ResultFields& fields);
};

struct StageResult {
  std::string name;
  std::string status;  ///< done, failed, interrupted, pending
  NetworkResult network;
  std::optional<std::string> teacher;  ///< the stages, or the network, that taught it
  std::string objective;               ///< "0.9 soft_targets (T 20) + 0.1 hard_labels"
  Named<Metrics> evaluations;          ///< by split
  std::optional<std::string> weights;  ///< file, within the run's folder; of several networks none
  StageParts parts;                    ///< what its kind adds
  std::vector<MemberResult> members;   ///< of one network none
  std::optional<double> seconds;       ///< of training, of all members together
  std::optional<double> examples_per_second;
  std::optional<Number> epochs;
  std::optional<int64_t> loss_parameters;  ///< trained by the losses for themselves, and no part of the student
  std::optional<StoppedResult> stopped;
  std::vector<std::string> conditions;  ///< how it was computed: "2 threads, float32, teacher in bfloat16"
  std::string said;                     ///< note(), as it stands in the file
  std::optional<Intervals> intervals;
  std::vector<CurvePoint> curves;
  std::optional<Named<Spreads>> over_seeds;   ///< of several seeds, whose means the evaluations are; by split
  std::vector<std::string> weights_of_seeds;  ///< of several seeds

  /// The number `metric` on `split`, where there is one.
  std::optional<double> number(const std::string& split, const std::string& metric) const;
  /// What it says in words beside its numbers: that it was stopped, what a calibration found, what an ensemble's
  /// members make. Empty where there is nothing to say.
  std::string note() const;
  void bind(ResultFields& fields);
};

/// One stage of several seeds: numbers are means, as the bindings have it. Never of none.
StageResult combine_stages(const std::vector<const StageResult*>& seeds);

/// 3 → "3", 3.25 → "3.2", 12345 → "12,345"
std::string format_count(double number);

}  // namespace limbeck
