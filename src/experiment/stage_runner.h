#pragma once
// Runs a stage of a recipe, whatever its kind, unless its folder has it already with the same fingerprint: then it is
// loaded.
//
//   StageResult entry = run_stage(run, stage);          // run.networks has the network now
#include <string>

#include "experiment/stage.h"

namespace limbeck {

/// Runs the stage with its parts, or loads it. Returns its entry in results.json.
StageResult run_stage(RunContext& run, const StageRecipe& stage);

/// Runs the stage, or that whose member has this name, after what it needs.
void run_with_inputs(RunContext& run, const std::string& name);

/// Loads the stages of these names where all are finished as the recipe has them; false otherwise.
bool load_finished(RunContext& run, const std::vector<std::string>& names);

}  // namespace limbeck
