#pragma once
// A stage's entry in results.json, for all kinds.
#include "experiment/run_context.h"
#include "nn/network.h"
#include "results/stage_result.h"

namespace limbeck {

/// Returns name, network, teacher, objective, evaluations and weight files. Evaluates the network on test, validation
/// and train; writes details to the stage's evaluation.json.
StageResult entry_of(RunContext& run, const StageRecipe& stage, const Network& network);

}  // namespace limbeck
