#pragma once
// A line of stages/NAME/metrics.jsonl: what an epoch of training found.
#include <optional>

#include "core/events.h"
#include "results/stage_result.h"

namespace limbeck {

struct EpochMetrics {
  int64_t epoch = 0;              ///< from 1
  std::optional<int64_t> epochs;  ///< that the stage is to run
  std::optional<int64_t> step;    ///< steps since the start of the stage
  std::optional<double> learning_rate;
  std::optional<double> time;     ///< when it ended, in seconds since 1970
  std::optional<double> seconds;  ///< of training, without evaluation
  std::optional<double> examples_per_second;
  std::optional<EpochSplit> train, validation;
  Named<std::optional<double>> terms;  ///< of the objective on train, unweighted, by name

  void bind(ResultFields& fields);
  /// The sums on "train" or "validation"; nullptr where there are none.
  const EpochSplit* on(const std::string& split) const;
};

EpochMetrics metrics_of(const EpochDone& epoch, double time);

/// What a stage's curves hold of it.
CurvePoint curve_point(const EpochMetrics& epoch);

}  // namespace limbeck
