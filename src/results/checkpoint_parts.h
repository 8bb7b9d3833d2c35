#pragma once
#include <vector>

#include "core/files.h"

namespace limbeck {

/// Returns the files beside a checkpoint that hold parts of it, or of an earlier one: STEM-….EXTENSION.
std::vector<fs::path> checkpoint_parts(const fs::path& checkpoint);

}  // namespace limbeck
