#include "deploy/latency.h"

#include <gtest/gtest.h>

namespace limbeck {
namespace {

std::shared_ptr<GraphNetwork> network_of(int64_t width) {
  Graph graph({1, 8, 8});
  size_t at = graph.add("flatten", Flatten{}, {Graph::kInput});
  at = graph.add("fc1", Linear{64, width}, {at});
  at = graph.add("fc2", Linear{width, width}, {at});
  graph.add("fc3", Linear{width, 10}, {at});
  return std::make_shared<GraphNetwork>(graph, 1);
}

TEST(Latency, GrowsWithTheNetwork) {
  const Latency small = measure_latency(*network_of(8), {1, 8, 8}, 0.05), large = measure_latency(*network_of(2000), {1, 8, 8}, 0.05);
  EXPECT_GE(small.runs, 5);
  EXPECT_GT(small.median, 0);
  EXPECT_GE(small.p95, small.median);
  EXPECT_GT(large.median, 2 * small.median);
}

}  // namespace
}  // namespace limbeck
