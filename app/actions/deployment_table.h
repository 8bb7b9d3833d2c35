#pragma once
#include <string>
#include <vector>

#include "results/run_results.h"

namespace limbeck {

/// Returns a table of the networks' inference cost and, if throughput was measured, a second one of examples per
/// second. Columns that are empty for all networks or do not fit into `width` cells are omitted. Empty if there are no
/// rows.
std::string cost_table(const std::vector<CostRow>& rows, size_t width = static_cast<size_t>(-1));

/// The same for a run's results; empty if the run did not measure the cost.
std::string deployment_table(const RunResults& results, size_t width = static_cast<size_t>(-1));

}  // namespace limbeck
