#pragma once
#include "limbeck/dataset.h"

namespace limbeck {

/// Throws Error unless both splits have examples, with inputs, labels and classes as Dataset describes them.
void check_dataset(const Dataset& dataset);

}  // namespace limbeck
