#pragma once
// A line of stages/NAME/metrics.jsonl: the metrics of one training epoch.
#include <optional>

#include "limbeck/events.h"
#include "results/stage_result.h"

namespace limbeck {

struct EpochMetrics {
  int64_t epoch = 0;              ///< from 1
  std::optional<int64_t> epochs;  ///< planned for the stage
  std::optional<int64_t> step;    ///< steps since the start of the stage
  std::optional<double> learning_rate;
  std::optional<double> time;     ///< end of the epoch, in seconds since 1970
  std::optional<double> seconds;  ///< of training, without evaluation
  std::optional<double> examples_per_second;
  std::optional<EpochSplit> train, validation;
  Named<std::optional<double>> terms;  ///< of the objective on train, unweighted, by name

  void bind(ResultFields& fields);
  /// Returns the metrics on "train" or "validation"; nullptr if there are none.
  const EpochSplit* on(const std::string& split) const;
};

EpochMetrics metrics_of(const EpochDone& epoch, double time);

/// Returns the epoch's point on a stage's curves.
CurvePoint curve_point(const EpochMetrics& epoch);

}  // namespace limbeck
