#include "deploy/cost.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <torch/cuda.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "core/error.h"

namespace limbeck {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kTurns = 10, kWarmUp = 3;
constexpr size_t kRunsForP99 = 100;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// The smallest value that this part of the sorted values does not exceed.
double quantile(const std::vector<double>& sorted, double part) {
  const auto at = static_cast<size_t>(std::ceil(part * static_cast<double>(sorted.size())));
  return sorted[std::clamp<size_t>(at, 1, sorted.size()) - 1];
}

/// Milliseconds of each run of each inference.
std::vector<std::vector<double>> measure_in_turns(const std::vector<Inference>& inferences,
                                                  const CostOptions& options) {
  for (const Inference& inference : inferences)
    for (int i = 0; i < kWarmUp; ++i) inference();
  std::vector<std::vector<double>> times(inferences.size());
  for (int turn = 0; turn < kTurns; ++turn) {
    for (size_t i = 0; i < inferences.size(); ++i) {
      if (options.stop.stop_requested()) throw Error(ErrorKind::interrupted, "stopped while measuring");
      inferences[i]();
      const Clock::time_point begin = Clock::now();
      do {
        const Clock::time_point start = Clock::now();
        inferences[i]();
        times[i].push_back(milliseconds_since(start));
      } while (milliseconds_since(begin) < 1000 * options.seconds / kTurns);
    }
  }
  return times;
}

std::vector<std::vector<double>> measure_batches(const std::vector<InferenceMaker>& makers, int64_t batch,
                                                 const CostOptions& options) {
  std::vector<Inference> inferences;
  for (const InferenceMaker& maker : makers) inferences.push_back(maker(batch));
  return measure_in_turns(inferences, options);
}

Latency latency_of(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  Latency latency{.median = quantile(times, 0.5),
                  .p95 = quantile(times, 0.95),
                  .p99 = std::nullopt,
                  .runs = static_cast<int64_t>(times.size())};
  if (times.size() >= kRunsForP99) latency.p99 = quantile(times, 0.99);
  return latency;
}

}  // namespace

InferenceMaker inference_of(const Network& network, const Shape& input) {
  return [&network, input](int64_t batch) -> Inference {
    Shape shape = input;
    shape.insert(shape.begin(), batch);
    at::Tensor examples = at::full(shape, 0.5F);
    for (const std::vector<Parameter>* tensors : {&network.parameters(), &network.buffers()})
      if (!tensors->empty()) examples = examples.to(tensors->front().value.device());
    return [&network, examples, prepared = std::make_shared<PreparedWeights>()] {
      const at::NoGradGuard no_gradient;
      network.forward(examples, {.prepared = prepared.get()});
      if (examples.is_cuda()) torch::cuda::synchronize();  // where work is queued, its end counts
    };
  };
}

std::vector<Cost> measure_costs(const std::vector<InferenceMaker>& makers, const CostOptions& options) {
  std::vector<Cost> costs;
  for (std::vector<double>& times : measure_batches(makers, 1, options))
    costs.push_back({.latency = latency_of(std::move(times)), .throughput = {}});
  for (const int64_t batch : options.batches) {
    const std::vector<std::vector<double>> times = measure_batches(makers, batch, options);
    for (size_t i = 0; i < times.size(); ++i) {
      const double seconds = std::accumulate(times[i].begin(), times[i].end(), 0.0) / 1000;
      costs[i].throughput.push_back(
          {batch, static_cast<double>(batch) * static_cast<double>(times[i].size()) / seconds});
    }
  }
  return costs;
}

}  // namespace limbeck
