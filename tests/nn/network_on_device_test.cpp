// Networks on a device, the simulated one; tests/gpu compares all of them with the processor, there too.
#include <gtest/gtest.h>
#include <torch/types.h>

#include "nn/network.h"
#include "support/random_network.h"
#include "support/simulated_device.h"
#include "support/small_data.h"

namespace limbeck {
namespace {

double apart(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<double>() / (1e-3 + b.abs().max().item<double>());
}

TEST(NetworkOnDevice, KeepsActivationsInBfloat16AndLogitsInFloat32) {
  simulated_device::use();
  const auto network =
      random_network(*choose(Slot::network, "resnet8").make<Graph, const TaskShape&>(TaskShape{{3, 32, 32}, 10}));
  const torch::Tensor pictures = random_pictures({3, 32, 32}), expected = logits_of(*network, pictures);
  network->to(simulated_device::device());
  PreparedWeights prepared;
  const torch::NoGradGuard no_gradient;
  torch::Tensor logits;
  for (int pass = 0; pass < 2; ++pass) {
    const auto counts = simulated_device::count([&] {
      logits = network
                   ->forward(pictures.to(simulated_device::device()),
                             {.precision = Precision::bfloat16, .prepared = &prepared})
                   .logits;
    });
    // Prepared weights are cast and folded once. Then a convolution and what follows it are one kernel, and two where
    // no ReLU follows: twice.
    if (pass == 1) {
      EXPECT_LE(counts.kernels, 9 + 2 + 5) << counts.to_text();
      EXPECT_EQ(counts.host_reads, 0) << counts.to_text();
    }
  }
  EXPECT_EQ(logits.scalar_type(), torch::kFloat32);
  EXPECT_GT(apart(logits.cpu(), expected), 1e-5);
  EXPECT_LE(apart(logits.cpu(), expected), 0.1);
}

/// The logits of passes that share prepared weights; between the first and the second, how the device joins changes.
struct JoinedPasses {
  std::vector<torch::Tensor> logits;
  std::vector<int64_t> kernels;
  std::vector<std::string> reasons;
};
JoinedPasses joined_passes(const Network& network, const torch::Tensor& pictures, Precision precision,
                           simulated_device::JoinedConvolutions first, simulated_device::JoinedConvolutions then) {
  JoinedPasses passes;
  const TellReason tell = [&](const std::string& reason) { passes.reasons.push_back(reason); };
  PreparedWeights prepared;
  const torch::NoGradGuard no_gradient;
  for (int pass = 0; pass < 3; ++pass) {
    set(pass == 0 ? first : then);
    const auto counts = simulated_device::count([&] {
      passes.logits.push_back(
          network.forward(pictures, {.precision = precision, .prepared = &prepared, .tell = &tell}).logits.cpu());
    });
    passes.kernels.push_back(counts.kernels);
  }
  set(simulated_device::JoinedConvolutions::right);
  return passes;
}

TEST(NetworkOnDevice, RectifiesInTheConvolutionsCallWhereThatGivesTheSame) {
  using How = simulated_device::JoinedConvolutions;
  simulated_device::use();
  const auto network =
      random_network(*choose(Slot::network, "resnet8").make<Graph, const TaskShape&>(TaskShape{{3, 32, 32}, 10}));
  const torch::Tensor pictures = random_pictures({3, 32, 32}), expected = logits_of(*network, pictures);
  network->to(simulated_device::device());
  const torch::Tensor there = pictures.to(simulated_device::device());
  constexpr size_t kRectified = 7;  // convolutions
  for (const Precision precision : {Precision::float32, Precision::bfloat16}) {
    const double tolerance = precision == Precision::float32 ? 1e-4 : 0.1;
    const JoinedPasses right = joined_passes(*network, there, precision, How::right, How::right);
    EXPECT_EQ(right.reasons, std::vector<std::string>{});
    for (const How how : {How::wrong, How::missing}) {
      const JoinedPasses refused = joined_passes(*network, there, precision, how, how),
                         later = joined_passes(*network, there, precision, How::right, How::missing);
      for (const JoinedPasses* each : {&right, &refused, &later})
        for (const torch::Tensor& logits : each->logits) EXPECT_LE(apart(logits, expected), tolerance);
      EXPECT_TRUE(right.logits[0].equal(right.logits[1]));
      EXPECT_TRUE(refused.logits[0].equal(refused.logits[1]));
      ASSERT_EQ(refused.reasons.size(), kRectified);
      EXPECT_NE(refused.reasons[0].find(how == How::wrong ? "results differ by 1" : "no engine for this convolution"),
                std::string::npos)
          << refused.reasons[0];
      EXPECT_EQ(later.reasons.size(), kRectified);  // at the second pass, once
      EXPECT_EQ(refused.kernels[1], right.kernels[1] + static_cast<int64_t>(kRectified));
      EXPECT_EQ(later.kernels[2], refused.kernels[1]);
    }
  }
}

}  // namespace
}  // namespace limbeck
