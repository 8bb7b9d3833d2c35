#pragma once
// The conditions of training that affect the result by rounding only: threads and precision.
#include <string>

#include "experiment/run_context.h"
#include "kernels/precision.h"

namespace limbeck {

/// Returns the precision of the matrix products of a stage's passes. Throws Error if the device does not support the
/// precision that the recipe requests.
Precision precision_of(const StageRecipe& stage, at::Device device);

/// Whether the recipe wants the stage's teacher in int8.
bool teaches_in_int8(const StageRecipe& stage);

/// Returns "2 threads, float32, teacher in bfloat16": the precision of the network, and of its teacher if different.
/// Only sufficiently large products use bfloat16.
std::string conditions_of(const RunContext& run, const StageRecipe& stage, const Network& network, Precision precision);

}  // namespace limbeck
