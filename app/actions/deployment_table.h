#pragma once
#include <string>
#include <vector>

#include "results/run_results.h"

namespace limbeck {

/// What networks cost where they are used, as a table, and as a second one of examples per second where that was
/// measured; what is known of no network has no column, nor what `width` cells have no room for. Empty where there are
/// no rows.
std::string cost_table(const std::vector<CostRow>& rows, size_t width = static_cast<size_t>(-1));

/// The same of a run's results; empty where the run did not measure it.
std::string deployment_table(const RunResults& results, size_t width = static_cast<size_t>(-1));

}  // namespace limbeck
