#pragma once
// JSON with keys in the order in which they were written.
#include <nlohmann/json.hpp>

namespace limbeck {
using Json = nlohmann::ordered_json;
}
