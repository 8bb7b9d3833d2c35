#pragma once
// Summaries of all runs and sweeps.
#include "core/json.h"
#include "serve/served_runs.h"

namespace limbeck {

/// Returns {"version", "runs": [{"id", "name", "state", "stages", "stages_done", "share", and, if known, "stage": the
/// stage of the following numbers, "accuracy", "accuracy_text", "kept": fraction of the gap between baseline and
/// teacher that the student closes, "parameters", "date", "seconds", "data", "seeds"}], "sweeps": [{"id", "name",
/// "state", "points", "points_done", "points_failed", "over": the keys, "stage", "seeds", "best": see
/// sweep_judgement(), "date"}]}. For a run or sweep with malformed files, "trouble" contains the error message.
Json runs_json(const ServedRuns& runs);

}  // namespace limbeck
