#pragma once
// The networks available to model files.
#include "recipe/catalogue.h"

namespace limbeck {

/// Returns the catalogue of networks, built-in and added, made on first use. Thread-safe.
const Catalogue& network_catalogue();

}  // namespace limbeck
