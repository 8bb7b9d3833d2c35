#pragma once
#include <string>

#include "core/json.h"

namespace limbeck {

/// What each network of a run costs where it is used, as a table; empty where the run did not measure it.
std::string deployment_table(const Json& results);

}  // namespace limbeck
