#pragma once
// Description of a run's environment.
#include <string>

#include "core/json_fwd.h"

namespace limbeck {

/// Returns the "environment" of results.json: system, processor, memory, threads, LibTorch, device, date.
Json environment(const std::string& device);

}  // namespace limbeck
