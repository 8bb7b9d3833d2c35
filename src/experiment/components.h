#pragma once
// Everything that can stand in a recipe.
#include "recipe/catalogue.h"

namespace limbeck {

/// The catalogue of all registered components, made once.
const Catalogue& components();

}  // namespace limbeck
