#pragma once
// How long a network takes for one example on this machine.
//
//   Latency latency = measure_latency(*network, {3, 32, 32});   // latency.median: milliseconds
#include "nn/network.h"

namespace limbeck {

struct Latency {
  double median = 0;  ///< milliseconds
  double p95 = 0;
  int64_t runs = 0;
};

/// Of inference on inputs [1, …] of this shape, with the number of threads that is set; weights are prepared once. Runs for about
/// `seconds`, at least 5 and at most 1000 times, after a warm-up.
Latency measure_latency(const Network& network, const Shape& input, double seconds = 1);

}  // namespace limbeck
