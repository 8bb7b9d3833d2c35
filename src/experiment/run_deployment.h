#pragma once
// The networks of a run for results.json: those that it was given, and what all of them cost where they are used.
#include "core/json.h"
#include "experiment/run_context.h"

namespace limbeck {

/// [{"name", "files", "description"}] of the networks that came with weights, for those who find them again
/// (run_networks.h).
Json given_networks(const RunContext& run);

/// Size, latency and accuracy of every network, as CostRows; `stages`: the entries in results.json.
Json measure_networks(const RunContext& run, const Json& stages);

}  // namespace limbeck
