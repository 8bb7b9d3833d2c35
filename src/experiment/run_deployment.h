#pragma once
// The networks of a run for results.json: those that it was given, and what all of them cost where they are used.
#include "experiment/run_context.h"
#include "results/run_results.h"

namespace limbeck {

/// The networks that came with weights, for those who find them again (run_networks.h).
std::vector<GivenNetwork> given_networks(const RunContext& run);

/// Size, latency and accuracy of every network; `stages`: their entries in results.json.
std::vector<CostRow> measure_networks(const RunContext& run, const std::vector<StageResult>& stages);

}  // namespace limbeck
