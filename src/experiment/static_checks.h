#pragma once
// Static checks of a recipe's stages that need no data, beyond those of parsing.
#include "limbeck/data_folders.h"
#include "recipe/recipe.h"

namespace limbeck {

/// Throws DiagnosticsError with all mistakes: ways of caching teacher outputs that are incompatible with the data
/// augmentation.
void check_stages(const Recipe& recipe);

/// Throws DiagnosticsError with all validation sizes and class numbers that do not fit the recipe's dataset, whose size
/// is determined without loading it.
void check_data(const Recipe& recipe, const DataFolders& folders);

}  // namespace limbeck
