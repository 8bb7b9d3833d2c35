#pragma once
// Settings in which runs differ.
#include <vector>

#include "core/json.h"

namespace limbeck {

/// Compares resolved recipes, one per run (null if unknown), and returns [{"key": "stages.distilled.epochs", "values":
/// ["20", "30"]}], with null for a run without this key. A network, stage or loss that is missing from a recipe is one
/// entry instead of one per key.
Json recipe_differences(const std::vector<Json>& recipes);

}  // namespace limbeck
