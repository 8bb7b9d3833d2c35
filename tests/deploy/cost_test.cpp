#include "deploy/cost.h"
#include "core/json.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "core/error.h"

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

TEST(Cost, GrowsWithTheNetwork) {
  const auto small = network_of(8), large = network_of(2000);
  const std::vector<Cost> costs = measure_costs({inference_of(*small, {1, 8, 8}), inference_of(*large, {1, 8, 8})},
                                                {.batches = {8}, .seconds = 0.05});
  ASSERT_EQ(costs.size(), 2u);
  for (const Cost& cost : costs) {
    EXPECT_GE(cost.latency.runs, 10);
    EXPECT_GT(cost.latency.median, 0);
    EXPECT_GE(cost.latency.p95, cost.latency.median);
  }
  EXPECT_GT(costs[1].latency.median, 2 * costs[0].latency.median);
  EXPECT_LT(costs[1].throughput.at(0).examples_per_second, costs[0].throughput.at(0).examples_per_second);
}

/// Sleeps, and notes who ran.
InferenceMaker sleeper(int milliseconds, std::vector<int>& runs) {
  return [=, &runs](int64_t) -> Inference {
    return [=, &runs] {
      runs.push_back(milliseconds);
      std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    };
  };
}

TEST(Cost, IsMeasuredInTurns) {
  std::vector<int> runs;
  const std::vector<Cost> costs = measure_costs({sleeper(1, runs), sleeper(3, runs)}, {.seconds = 0.1});
  EXPECT_GE(costs[0].latency.median, 1);
  EXPECT_GE(costs[1].latency.median, 3);
  int changes = 0;
  for (size_t i = 1; i < runs.size(); ++i) changes += runs[i] != runs[i - 1] ? 1 : 0;
  EXPECT_EQ(changes, 1 + 19 + 1) << "warm-up of each, then ten turns of each, from the first again";
}

TEST(Cost, OfBatchesCountsExamples) {
  std::vector<int> runs;
  const std::vector<Cost> costs = measure_costs({sleeper(2, runs)}, {.batches = {1, 100}, .seconds = 0.05});
  const auto& at = costs[0].throughput;
  ASSERT_EQ(at.size(), 2u);
  EXPECT_EQ(at[1].batch, 100);
  EXPECT_LE(at[0].examples_per_second, 500);
  EXPECT_GT(at[1].examples_per_second, 20 * at[0].examples_per_second);  // 100 times, but for a machine that is busy
}

TEST(Cost, HasItsP99OfEnoughRunsOnly) {
  std::vector<int> runs;
  EXPECT_FALSE(measure_costs({sleeper(5, runs)}, {.seconds = 0.01})[0].latency.p99.has_value());
  const Latency latency = measure_costs({sleeper(1, runs)}, {.seconds = 0.4})[0].latency;
  EXPECT_EQ(latency.p99.has_value(), latency.runs >= 100);
  EXPECT_GE(latency.p99.value_or(latency.p95), latency.p95);
}

TEST(Cost, PassesOnWhatANetworkThrows) {
  const auto network = network_of(8);
  EXPECT_ANY_THROW(measure_costs({inference_of(*network, {1, 8, 9})}, {.seconds = 0.01}));
}

TEST(CostRow, SaysNullOfWhatIsNotKnown) {
  const Json row = to_json(
      CostRow{.name = "student",
              .accuracy = std::nullopt,
              .agreement = std::nullopt,
              .parameters = 7,
              .multiply_adds = std::nullopt,
              .bytes = 12,
              .memory = 5e8,
              .memory_before = 3e8,
              .cost = Cost{.latency = {1, 2, std::nullopt, 10}, .throughput = {{16, 99}}},
              .onnxruntime = FileCost{.bytes = 9, .cost = {.latency = {0.5, 2, std::nullopt, 10}, .throughput = {}}}});
  EXPECT_TRUE(row["accuracy"].is_null());
  EXPECT_TRUE(row["multiply_adds"].is_null());
  EXPECT_EQ(row["parameters"], 7);
  EXPECT_EQ(row["memory"]["peak"], 5e8);
  EXPECT_TRUE(row["latency"]["p99"].is_null());
  EXPECT_EQ(row["throughput"][0]["batch"], 16);
  EXPECT_EQ(row["onnxruntime"]["bytes"], 9);
  EXPECT_EQ(row["onnxruntime"]["latency"]["median"], 0.5);
  EXPECT_TRUE(to_json(CostRow{.name = "int8",
                              .accuracy = {},
                              .agreement = {},
                              .parameters = {},
                              .multiply_adds = {},
                              .memory = {},
                              .memory_before = {},
                              .cost = {},
                              .onnxruntime = {}})["latency"]
                  .is_null());
}

}  // namespace
}  // namespace limbeck
