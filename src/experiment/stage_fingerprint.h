#pragma once
// All that a stage's result depends on, and its fingerprint: a finished stage is used again where it is the same.
// Files count by their content, not by their names.
#include <string>

#include "core/json.h"
#include "experiment/run_context.h"

namespace limbeck {

/// Raise it on purpose where the same settings give other numbers than before, so that finished stages run again:
///   1  until version 0.1: random numbers depend on the seed alone
///   2  they depend on the stage's stream too (StageRecipe::stream); files are known by their content
constexpr int64_t kNumericsRevision = 2;

/// Everything that the stage's result depends on. The stages that it refers to are done.
Json settings_of(const RunContext& run, const StageRecipe& stage);
std::string fingerprint_of(const Json& settings);
/// Why a stage with the settings `before` does not stand for one with `now`: "epochs was 20, is 30".
std::string difference_between(const Json& before, const Json& now);

/// Of all that a run's results depend on: recipe, seed, data, device, networks that came with weights.
std::string fingerprint_of(const RunContext& run);

/// Whether the weights with which training begins are those that the stage's network came with, instead of random ones
/// or those of an earlier stage.
bool begins_with_weights(const StageRecipe& stage, const NetworkRecipe& network);

}  // namespace limbeck
