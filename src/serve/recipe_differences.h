#pragma once
// In which settings runs differ.
#include <vector>

#include "core/json.h"

namespace limbeck {

/// Of resolved recipes, one for each run (null where it is not known): [{"key": "stages.distilled.epochs", "values":
/// ["20", "30"]}], null for a run that has no such key. A network, stage or loss that one of them lacks altogether is
/// one entry.
Json recipe_differences(const std::vector<Json>& recipes);

}  // namespace limbeck
