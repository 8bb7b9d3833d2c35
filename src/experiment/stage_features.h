#pragma once
// The features of the networks of a stage that its losses compare.
#include <vector>

#include "experiment/run_context.h"

namespace limbeck {

/// The stage's losses, where those over features that the recipe does not name compare the natural ones of student and
/// teacher (loss/feature_pairs.h); a notice says which. Throws Error of kind usage if the networks have none.
std::vector<LossTermRecipe> losses_with_features(const RunContext& run, const StageRecipe& stage,
                                                 const ExampleSet& examples);

/// Throws Error of kind usage, before any training, if the student or the teacher lacks a requested feature (the
/// message lists those that exist), if the teacher cannot provide features, or if a loss does not support their shapes.
void check_features(const RunContext& run, const StageRecipe& stage, const ExampleSet& examples);

}  // namespace limbeck
