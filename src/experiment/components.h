#pragma once
// All components available to recipes.
#include "recipe/catalogue.h"

namespace limbeck {

/// Returns the catalogue of all components, built-in and added, made on first use. Thread-safe.
const Catalogue& components();

}  // namespace limbeck
