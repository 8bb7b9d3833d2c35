#pragma once
// What stands in results.json beside a stage's own numbers: how it learned, and how far its numbers can be trusted.
#include "core/json_fwd.h"
#include "experiment/run_folder.h"

namespace limbeck {

/// [{"epoch", "learning_rate", "train", "validation", "terms"}] from a stage's metrics.jsonl; empty where nothing was
/// trained. Times are left out: equal runs have equal curves.
Json curves_of(const StageFolder& folder);

/// {"confidence": 0.95, "method": "Wilson", SPLIT: {"accuracy": {"low", "high"}, "errors": {"low", "high"}}}: where the
/// accuracy on ever more examples like these would lie, as E. B. Wilson 1927 has it:
///   (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n)
/// `evaluations`: of a stage, by split.
Json intervals_of(const Json& evaluations);

}  // namespace limbeck
