#pragma once
// What is told of a run before it trains anything.
#include "experiment/run_context.h"

namespace limbeck {

/// Throws Error of kind usage where a stage does not fit the data, its network or its teacher.
void check_stage(const RunContext& run, const StageRecipe& stage);

/// A notice for each stage that is still to be trained, from random weights, in very few steps.
void tell_few_steps(const RunContext& run);

/// The memory that the stage which needs most will take; a warning where the machine has less.
void tell_memory(const RunContext& run);

}  // namespace limbeck
