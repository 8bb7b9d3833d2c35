#pragma once
// The architectures available to recipes and model files.
#include "recipe/catalogue.h"

namespace limbeck {

/// Returns the catalogue of Slot::network only, built on first use. Thread-safe.
const Catalogue& network_catalogue();

}  // namespace limbeck
