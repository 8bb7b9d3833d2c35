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
    // Prepared weights are cast and folded once: then a convolution and what follows it are two kernels.
    if (pass == 1) {
      EXPECT_LE(counts.kernels, 2 * 9 + 5) << counts.to_text();
    }
  }
  EXPECT_EQ(logits.scalar_type(), torch::kFloat32);
  EXPECT_GT(apart(logits.cpu(), expected), 1e-5);
  EXPECT_LE(apart(logits.cpu(), expected), 0.1);
}

}  // namespace
}  // namespace limbeck
