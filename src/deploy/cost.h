#pragma once
// Inference benchmark: latency at batch size 1, and throughput at larger batch sizes. Networks are measured in
// alternating turns, so that other load on the machine affects all of them equally.
//
//   const InferenceMaker teacher = inference_of(*big, {3, 32, 32}), student = inference_of(*small, {3, 32, 32});
//   const std::vector<Cost> costs = measure_costs({teacher, student}, {.batches = {16, 256}});
//   costs[1].latency.median;   // milliseconds
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "nn/network.h"
#include "results/binding.h"
#include "results/cost_row.h"

namespace limbeck {

/// Runs one forward pass on prepared inputs and returns when the result is available. Throws what the network throws.
using Inference = std::function<void()>;
/// Creates an Inference for a batch size; adapts any network or runtime to this benchmark.
using InferenceMaker = std::function<Inference(int64_t batch)>;

/// Returns the maker for a network on inputs [batch, …] of this shape. The network must outlive the maker and its
/// inferences. Weights are prepared once per batch size.
InferenceMaker inference_of(const Network& network, const Shape& input);

struct CostOptions {
  std::vector<int64_t> batches = {};  ///< batch sizes for throughput; empty: latency only
  double seconds = 1;  ///< approximate time per network and batch size; at least one run in each of ten turns
  std::stop_token stop = {};
};

/// Measures with the current number of threads. The first run of each turn is a warm-up and is not counted. Throws
/// Error of kind interrupted when a stop is requested.
std::vector<Cost> measure_costs(const std::vector<InferenceMaker>& makers, const CostOptions& options);

}  // namespace limbeck
