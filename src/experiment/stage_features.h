#pragma once
// The features of the networks of a stage that its losses compare.
#include <map>
#include <string>
#include <vector>

#include "experiment/run_context.h"
#include "limbeck/operation.h"

namespace limbeck {

/// The stage's losses, where those over features that the recipe does not name compare the natural ones of student and
/// teacher (loss/feature_pairs.h); a notice says which. Throws Error of kind usage if the networks have none.
std::vector<LossTermRecipe> losses_with_features(const RunContext& run, const StageRecipe& stage,
                                                 const ExampleSet& examples);

/// Throws Error of kind usage, before any training, if the student or the teacher lacks a requested feature (the
/// message lists those that exist), if the teacher cannot provide features, or if a loss does not support their shapes.
void check_features(const RunContext& run, const StageRecipe& stage, const ExampleSet& examples);

/// Returns the features of the teacher that the stage's losses read and those of `others`, with their shapes of one
/// example. `others` are the names that the flag --feature gives. Throws Error of kind usage as check_features does.
std::map<std::string, Shape> teacher_features(const RunContext& run, const StageRecipe& stage,
                                              const ExampleSet& examples, const std::vector<std::string>& others = {});

}  // namespace limbeck
