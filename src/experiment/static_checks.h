#pragma once
// What can be known of a recipe's stages before any data is there, beyond what reading it finds.
#include "recipe/recipe.h"

namespace limbeck {

/// Throws DiagnosticsError with all mistakes: teacher outputs kept in a way that does not go with how the examples are augmented.
void check_stages(const Recipe& recipe);

}  // namespace limbeck
