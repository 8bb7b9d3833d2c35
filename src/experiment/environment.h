#pragma once
// Where a run takes place.
#include <string>

#include "core/json_fwd.h"

namespace limbeck {

/// The "environment" of results.json: system, processor, memory, threads, LibTorch, device, date.
Json environment(const std::string& device);

}  // namespace limbeck
