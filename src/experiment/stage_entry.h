#pragma once
// What results.json says of a stage, whatever its kind.
#include "experiment/run_context.h"
#include "nn/network.h"
#include "results/stage_result.h"

namespace limbeck {

/// Name, network, teacher, objective, evaluations, files of weights. Evaluates the network on test, validation and
/// train; details go into the stage's evaluation.json.
StageResult entry_of(RunContext& run, const StageRecipe& stage, const Network& network);

}  // namespace limbeck
