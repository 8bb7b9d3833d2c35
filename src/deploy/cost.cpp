#include "deploy/latency.h"

#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace limbeck {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

/// The smallest value that this part of the sorted values does not exceed.
double quantile(const std::vector<double>& sorted, double part) {
  const auto at = static_cast<size_t>(std::ceil(part * static_cast<double>(sorted.size())));
  return sorted[std::clamp<size_t>(at, 1, sorted.size()) - 1];
}

}  // namespace

Latency measure_latency(const Network& network, const Shape& input, double seconds) {
  constexpr size_t kLeast = 5, kMost = 1000, kWarmUp = 3;
  const torch::NoGradGuard no_gradient;
  PreparedWeights prepared;
  Shape shape = input;
  shape.insert(shape.begin(), 1);
  torch::Tensor example = torch::full(shape, 0.5F);
  for (const std::vector<Parameter>* tensors : {&network.parameters(), &network.buffers()})
    if (!tensors->empty()) example = example.to(tensors->front().value.device());
  const auto run = [&] {
    network.forward(example, {.prepared = &prepared});
    if (example.is_cuda()) torch::cuda::synchronize();  // where work is queued, its end counts
  };
  for (size_t i = 0; i < kWarmUp; ++i) run();
  std::vector<double> times;
  const Clock::time_point begin = Clock::now();
  while (times.size() < kLeast || (times.size() < kMost && milliseconds_since(begin) < 1000 * seconds)) {
    const Clock::time_point start = Clock::now();
    run();
    times.push_back(milliseconds_since(start));
  }
  std::sort(times.begin(), times.end());
  return {.median = quantile(times, 0.5), .p95 = quantile(times, 0.95), .runs = static_cast<int64_t>(times.size())};
}

}  // namespace limbeck
