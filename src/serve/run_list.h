#pragma once
// The runs and sweeps that are shown, each in a few numbers.
#include "core/json.h"
#include "serve/served_runs.h"

namespace limbeck {

/// {"version", "runs": [{"id", "name", "state", "stages", "stages_done", "share", and, where they are known, "stage":
/// whose numbers these are, "accuracy", "accuracy_text", "kept": the part of the gap between baseline and teacher,
/// "parameters", "date", "seconds", "data", "seeds"}], "sweeps": [{"id", "name", "state", "points", "points_done",
/// "points_failed", "over": the keys, "stage", "best": as sweep_judgement(), "date"}]}. Of a run or sweep whose files
/// are malformed, "trouble" says why.
Json runs_json(const ServedRuns& runs);

}  // namespace limbeck
