#pragma once
// What stands in results.json beside a stage's own numbers: how it learned, and how far its numbers can be trusted.
#include "core/json_fwd.h"
#include "results/run_folder.h"
#include "results/stage_result.h"

namespace limbeck {

/// A point for each epoch of a stage's metrics.jsonl; none where nothing was trained.
std::vector<CurvePoint> curve_points(const StageFolder& folder);

/// Where the accuracy on ever more examples like these would lie, as E. B. Wilson 1927 has it:
///   (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n)
/// Of a stage's evaluations, by split.
Intervals wilson_intervals(const Named<Metrics>& evaluations);

}  // namespace limbeck
