#pragma once
// What can be known of a recipe's stages before any data is there, beyond what reading it finds.
#include "data/data_folders.h"
#include "recipe/recipe.h"

namespace limbeck {

/// Throws DiagnosticsError with all mistakes: teacher outputs kept in a way that does not go with how the examples are
/// augmented.
void check_stages(const Recipe& recipe);

/// The same of what does not go with the data sets, whose sizes are taken from what is known of them without loading
/// them.
void check_data(const Recipe& recipe, const DataFolders& folders);

}  // namespace limbeck
