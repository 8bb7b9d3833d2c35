#pragma once
// The architectures that a network of a recipe or of a model's file may have.
#include "recipe/catalogue.h"

namespace limbeck {

/// The catalogue of Slot::network alone, made once. Thread-safe.
const Catalogue& network_catalogue();

}  // namespace limbeck
