#pragma once
// The results of a stage: its entry in results.json, and "results" in its record.
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

/// An ensemble member or a specialist.
struct MemberResult {
  std::string name;
  std::string weights;  ///< file, within the run's folder

  void bind(ResultFields& fields);
};

/// Early stopping of a stage.
struct StoppedResult {
  int64_t epochs = 0;  ///< maximum
  Number epoch;        ///< last epoch trained
  Number kept_epoch;   ///< epoch whose weights are kept

  void bind(ResultFields& fields);
};

/// The bounds of an interval.
struct Interval {
  double low = 0, high = 0;

  void bind(ResultFields& fields);
};

/// Confidence intervals of accuracy and errors, by split.
struct Intervals {
  struct OfSplit {
    Interval accuracy, errors;
    void bind(ResultFields& fields);
  };
  double confidence = 0.95;
  std::string method = "Wilson";
  Named<OfSplit> splits;  ///< keys other than "confidence" and "method"

  void bind(ResultFields& fields);

 private:
  static constexpr const char* kMethod = "method";
};

/// The metrics of an epoch on one split.
struct EpochSplit {
  int64_t examples = 0;
  std::optional<double> loss, accuracy;
  int64_t errors = 0;

  /// Returns the metric with this key; nullopt if an epoch does not have it.
  std::optional<double> number(const std::string& metric) const;
  void bind(ResultFields& fields);
};

/// A point of a stage's training curves. Times are excluded, so that identical runs have identical curves.
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
  std::optional<std::string> teacher;  ///< teacher stages or network
  std::string objective;               ///< "0.9 soft_targets (T 20) + 0.1 hard_labels"
  Named<Metrics> evaluations;          ///< by split
  std::optional<std::string> weights;  ///< file, relative to the run's folder; none if there are several networks
  StageParts parts;                    ///< additional results of the stage's kind
  std::vector<MemberResult> members;   ///< empty for a single network
  std::optional<double> seconds;       ///< of training, summed over members
  std::optional<double> examples_per_second;
  std::optional<Number> epochs;
  std::optional<int64_t> loss_parameters;  ///< trainable parameters of the losses, which are not part of the student
  std::optional<StoppedResult> stopped;
  std::vector<std::string> conditions;  ///< how it was computed: "2 threads, float32, teacher in bfloat16"
  std::string said;                     ///< note(), as stored in the file
  std::optional<Intervals> intervals;
  std::vector<CurvePoint> curves;
  std::optional<Named<Spreads>> over_seeds;   ///< for several seeds, whose means the evaluations are; by split
  std::vector<std::string> weights_of_seeds;  ///< for several seeds

  /// Returns `metric` on `split`; nullopt if there is none.
  std::optional<double> number(const std::string& split, const std::string& metric) const;
  /// Returns remarks on the metrics: early stopping, the result of a calibration, ensemble members. May be empty.
  std::string note() const;
  void bind(ResultFields& fields);
};

/// Combines the results of one stage over several seeds, as the bindings define. Requires at least one.
StageResult combine_stages(const std::vector<const StageResult*>& seeds);

/// 3 → "3", 3.25 → "3.2", 12345 → "12,345"
std::string format_count(double number);

}  // namespace limbeck
