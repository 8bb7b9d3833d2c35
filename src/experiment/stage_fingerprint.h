#pragma once
// The settings that a stage's result depends on, and their fingerprint. A finished stage with the same fingerprint is
// reused. Files are identified by content, not by name.
#include <string>

#include "core/json.h"
#include "experiment/run_context.h"

namespace limbeck {

/// Returns everything that the stage's result depends on. The stages that it refers to must be finished.
Json settings_of(const RunContext& run, const StageRecipe& stage);
std::string fingerprint_of(const Json& settings);
/// Describes why a stage with settings `before` cannot be reused for `now`: "epochs was 20, is 30".
std::string difference_between(const Json& before, const Json& now);

/// Returns the fingerprint of everything that a run's results depend on: recipe, seed, data, device, pretrained
/// networks.
std::string fingerprint_of(const RunContext& run);

/// Whether training starts from the pretrained weights of the stage's network, instead of random weights or those of an
/// earlier stage.
bool begins_with_weights(const StageRecipe& stage, const NetworkRecipe& network);

}  // namespace limbeck
