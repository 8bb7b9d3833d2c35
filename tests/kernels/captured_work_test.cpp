#include "kernels/captured_work.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <stdexcept>
#include <vector>

#include "support/simulated_device.h"

namespace limbeck {
namespace {

torch::Tensor on_device(const torch::Tensor& tensor) {
  simulated_device::use();
  return tensor.to(simulated_device::device());
}

TEST(CapturedWork, RunsThenCapturesThenReplaysOnTheMemoryOfEachCall) {
  const torch::Tensor x = on_device(torch::zeros({3})), y = on_device(torch::zeros({3}));
  int run = 0;
  CapturedWork work(
      [&] {
        ++run;
        y.add_(x * 2);
      },
      simulated_device::graphs());
  float expected = 0;
  for (int call = 1; call <= 4; ++call) {
    x.fill_(call);
    work();
    expected += 2 * static_cast<float>(call);
    EXPECT_TRUE(y.cpu().equal(torch::full({3}, expected))) << call;
  }
  EXPECT_EQ(run, 2);  // once as it is, once captured
}

TEST(CapturedWork, RunsWhatCannotBeCapturedAndTellsOnce) {
  const torch::Tensor x = on_device(torch::ones({1}));
  std::vector<std::string> told;
  const Recorder recorder =
      until_failure(simulated_device::graphs(), [&](const std::string& reason) { told.push_back(reason); });
  float sum = 0;
  const auto add = [&] { sum += x.item<float>(); };
  CapturedWork work(add, recorder), another(add, recorder);
  for (int call = 1; call <= 4; ++call)
    for (CapturedWork* each : {&work, &another}) (*each)();
  EXPECT_EQ(sum, 8);
  EXPECT_EQ(told, std::vector<std::string>{"item() waits for the device during a capture"});
  EXPECT_FALSE(until_failure({}, {}));
}

TEST(CapturedWork, WithoutARecorderIsRun) {
  int run = 0;
  CapturedWork work([&] { ++run; }, {});
  for (int call = 0; call < 3; ++call) work();
  EXPECT_EQ(run, 3);
}

// What the simulated device promises to the tests that are built on it.
TEST(SimulatedDevice, CountsKernelsAndWhatTheHostReads) {
  const torch::Tensor x = on_device(torch::ones({4, 4}));
  const auto counts = simulated_device::count([&] {
    const torch::Tensor y = (x.t() + 1).matmul(x);  // a view is no kernel
    EXPECT_EQ(y.sum().item<float>(), 128);
    y.cpu();
    y.copy_(torch::zeros({4, 4}));
  });
  EXPECT_EQ(counts.kernels, 3) << counts.to_text();
  EXPECT_EQ(counts.host_reads, 2);
  EXPECT_EQ(counts.host_writes, 1);
}

TEST(SimulatedDevice, DoesNotMixItsTensorsWithTheHosts) {
  const torch::Tensor x = on_device(torch::ones({4}));
  EXPECT_THROW(x + torch::ones({4}), std::exception);
  EXPECT_TRUE((x + torch::ones({})).cpu().equal(torch::full({4}, 2)));
}

TEST(SimulatedDevice, ReplaysOnlyWhatReachedIt) {
  const torch::Tensor y = on_device(torch::zeros({1}));
  int factor = 3;
  const auto graph = simulated_device::graphs()([&] { y.add_(factor); });
  EXPECT_EQ(y.item<float>(), 0);  // a capture does not run
  factor = 100;                   // a host value is part of the graph
  graph->replay();
  graph->replay();
  EXPECT_EQ(y.item<float>(), 6);
}

TEST(SimulatedDevice, NoticesMemoryThatAGraphUsesAndNobodyKeeps) {
  const torch::Tensor y = on_device(torch::zeros({1}));
  torch::Tensor x = on_device(torch::ones({1}));
  const auto graph = simulated_device::graphs()([&] { y.add_(x); });
  graph->replay();
  x = torch::Tensor();
  EXPECT_THROW(graph->replay(), std::exception);
}

}  // namespace
}  // namespace limbeck
