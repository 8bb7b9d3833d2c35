#pragma once
#include <string>

#include "core/json.h"

namespace limbeck {

/// What networks cost where they are used, from the JSON of CostRows (deploy/cost.h), as a table, and as a second one
/// of examples per second where that was measured; what is known of no network has no column, nor what `width` cells
/// have no room for. Empty where there are no rows.
std::string cost_table(const Json& rows, size_t width = static_cast<size_t>(-1));

/// The same of a run's results; empty where the run did not measure it.
std::string deployment_table(const Json& results, size_t width = static_cast<size_t>(-1));

}  // namespace limbeck
