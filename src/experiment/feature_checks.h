#pragma once
// Checks, before any training, that networks provide the features read by a stage's losses and that these are
// compatible.
#include "experiment/run_context.h"

namespace limbeck {

/// Throws Error of kind usage if the student or the teacher lacks a requested feature (the message lists those that
/// exist), if the teacher cannot provide features, or if a loss does not support their shapes.
void check_features(const RunContext& run, const StageRecipe& stage, const ExampleSet& examples);

}  // namespace limbeck
