#pragma once
#include "limbeck/catalogue.h"

namespace limbeck {

/// Registers the components of add_components() (limbeck/components.h); none can be added afterwards. Thread-safe.
void register_added(Catalogue& catalogue);

}  // namespace limbeck
