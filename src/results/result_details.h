#pragma once
// Parts of results.json beyond a stage's metrics: training curves and confidence intervals.
#include "core/json_fwd.h"
#include "results/run_folder.h"
#include "results/stage_result.h"

namespace limbeck {

/// Returns one point for each epoch of a stage's metrics.jsonl; empty if nothing was trained.
std::vector<CurvePoint> curve_points(const StageFolder& folder);

/// Returns the confidence intervals of accuracy and errors (E. B. Wilson 1927), by split:
///   (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n)
/// `evaluations` are those of a stage, by split.
Intervals wilson_intervals(const Named<Metrics>& evaluations);

}  // namespace limbeck
