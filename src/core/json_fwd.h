#pragma once
// The name of JSON values, for headers that only pass them on: the whole of core/json.h takes two seconds to read.
#include <nlohmann/json_fwd.hpp>

namespace limbeck {

/// Keys stay in the order in which they were written.
using Json = nlohmann::ordered_json;

}  // namespace limbeck
