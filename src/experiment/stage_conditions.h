#pragma once
// The conditions that a stage is trained under, which change its result by rounding only: threads and precision.
#include <string>

#include "experiment/run_context.h"
#include "kernels/precision.h"

namespace limbeck {

/// In what the products of a stage's passes are made. Throws Error where the recipe asks for what the device has not.
Precision precision_of(const StageRecipe& stage, at::Device device);

/// "2 threads, float32, teacher in bfloat16": what the network itself is trained in, and where its teacher's pass
/// differs, that. A product is rounded only where it is large enough.
std::string conditions_of(const RunContext& run, const StageRecipe& stage, const Network& network, Precision precision);

}  // namespace limbeck
