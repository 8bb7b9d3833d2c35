#pragma once
#include "limbeck/run_options.h"
#include "recipe/recipe.h"

namespace limbeck {

/// Checks everything that does not need the data: that the device is available, that files named in the recipe exist,
/// and that no stage overwrites one of them. Throws Error of kind usage.
void check_options(const Recipe& recipe, const RunOptions& options);

}  // namespace limbeck
