#pragma once
// Forward declaration of Json, for headers that only pass values on: core/json.h takes two seconds to compile.
#include <nlohmann/json_fwd.hpp>

namespace limbeck {

/// Preserves the insertion order of keys.
using Json = nlohmann::ordered_json;

}  // namespace limbeck
