#pragma once
// The networks of a run for results.json: pretrained ones, and the inference cost of all.
#include "experiment/run_context.h"
#include "results/run_results.h"

namespace limbeck {

/// Returns the pretrained networks, so that networks_of_run() (run_networks.h) can find them.
std::vector<GivenNetwork> given_networks(const RunContext& run);

/// Measures size, latency and accuracy of every network; `stages`: their entries in results.json.
std::vector<CostRow> measure_networks(const RunContext& run, const std::vector<StageResult>& stages);

}  // namespace limbeck
