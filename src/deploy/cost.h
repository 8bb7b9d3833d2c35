#pragma once
// Cost of networks at inference: latency of one example, and throughput in batches. Networks are measured in turns, so
// that other load on the machine affects all of them.
//
//   const InferenceMaker teacher = inference_of(*big, {3, 32, 32}), student = inference_of(*small, {3, 32, 32});
//   const std::vector<Cost> costs = measure_costs({teacher, student}, {.batches = {16, 256}});
//   costs[1].latency.median;   // milliseconds
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nn/network.h"
#include "results/binding.h"
#include "results/cost_row.h"

namespace limbeck {

/// One inference on inputs that lie ready; returns when its result is there. Throws what the network throws.
using Inference = std::function<void()>;
/// Makes the inference on a batch of that size. Whatever runs a network is measured through one of these.
using InferenceMaker = std::function<Inference(int64_t batch)>;

/// Of a network, which outlives the maker and what it makes, on inputs [batch, …] of this shape; weights are prepared
/// once for each batch size.
InferenceMaker inference_of(const Network& network, const Shape& input);

struct CostOptions {
  std::vector<int64_t> batches = {};  ///< of the throughput; none: latency alone
  double seconds = 1;  ///< of each network at each batch size, about; at least one run in each of ten turns
};

/// With the number of threads that is set. The first run of each turn is not counted: it finds the processor's caches
/// full of another network. Throws Error of kind interrupted where a signal asks to stop.
std::vector<Cost> measure_costs(const std::vector<InferenceMaker>& makers, const CostOptions& options);

}  // namespace limbeck
