#pragma once
// Checks and notices before a run trains anything.
#include "experiment/run_context.h"

namespace limbeck {

/// Throws Error of kind usage if a stage does not fit the data, its network or its teacher.
void check_stage(const RunContext& run, const StageRecipe& stage);

/// Emits a notice for each stage still to be trained from random weights in very few steps.
void tell_few_steps(const RunContext& run);

/// Emits the estimated memory of the most demanding stage; a warning if the machine has less.
void tell_memory(const RunContext& run);

/// Throws Error if a stage that is to be trained reads a store of which shards are missing, and which these are.
void require_whole_stores(const RunContext& run);

/// Emits the size of each teacher's store that the run will create.
void tell_stores(const RunContext& run);

/// Returns whether the device has room for the stages of `seeds` runs and their members side by side. If its memory is
/// not known, it has.
bool fits_side_by_side(const RunContext& run, size_t seeds);

}  // namespace limbeck
