#pragma once
#include <string>

#include "core/json.h"

namespace limbeck {

/// What networks cost where they are used, from the JSON of CostRows (deploy/cost.h), as a table, and as a second one of examples per
/// second where that was measured; what is known of no network has no column. Empty where there are no rows.
std::string cost_table(const Json& rows);

/// The same of a run's results; empty where the run did not measure it.
std::string deployment_table(const Json& results);

}  // namespace limbeck
