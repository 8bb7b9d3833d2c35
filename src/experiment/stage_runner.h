#pragma once
// Runs a stage of any kind, or loads it if its folder holds it with the same fingerprint.
//
//   StageResult entry = run_stage(run, stage);          // run.networks has the network now
#include <string>

#include "experiment/stage.h"

namespace limbeck {

/// Runs the stage with its parts, or loads it. Returns its entry in results.json.
StageResult run_stage(RunContext& run, const StageRecipe& stage);

/// Runs the stage of this name (or with a member of this name) and its inputs.
void run_with_inputs(RunContext& run, const std::string& name);

/// Loads these stages if all are finished and match the recipe; returns false otherwise.
bool load_finished(RunContext& run, const std::vector<std::string>& names);

}  // namespace limbeck
