#pragma once
// All components available to recipes.
#include "recipe/catalogue.h"

namespace limbeck {

/// Returns the catalogue of all registered components, built on first use.
const Catalogue& components();

}  // namespace limbeck
