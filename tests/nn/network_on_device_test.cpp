// Networks on a device, the simulated one, beside the processor's plain execution.
#include <gtest/gtest.h>
#include <torch/types.h>

#include "nn/input.h"
#include "nn/network.h"
#include "support/random_network.h"
#include "support/simulated_device.h"
#include "support/small_data.h"

namespace limbeck {
namespace {

constexpr int64_t kPictures = 6;

std::shared_ptr<GraphNetwork> same_as(const GraphNetwork& other, Execution execution) {
  auto network = std::make_shared<GraphNetwork>(other.graph(), 1, execution);
  const torch::NoGradGuard no_gradient;
  const auto copy = [](const std::vector<Parameter>& from, const std::vector<Parameter>& to) {
    for (size_t i = 0; i < from.size(); ++i) torch::Tensor(to[i].value).copy_(from[i].value);
  };
  copy(other.parameters(), network->parameters());
  copy(other.buffers(), network->buffers());
  return network;
}

struct Passed {
  torch::Tensor logits;
  std::vector<torch::Tensor> gradients;
};

Passed train_once(const GraphNetwork& network, const torch::Tensor& pictures, const torch::Tensor& ids,
                  const torch::Tensor& gradient) {
  const Noise noise{3, 2, ids};
  Passed passed{network.forward(pictures, {.noise = &noise}).logits, {}};
  passed.logits.backward(gradient);
  passed.logits = passed.logits.detach().cpu();
  for (const Parameter& parameter : network.parameters()) passed.gradients.push_back(parameter.value.grad().cpu());
  return passed;
}

double apart(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<double>() / (1e-3 + b.abs().max().item<double>());
}

TEST(NetworkOnDevice, TrainsAndInfersAsThePlainExecutionOfTheProcessor) {
  simulated_device::use();
  const at::Device device = simulated_device::device();
  for (const std::string& name : all_networks()) {
    const Shape raw{3, 32, 32};
    const InputOptions input{.mean = {0.5, 0.4, 0.45}, .deviation = {0.2, 0.25, 0.3}};
    const Graph graph = with_input(choose(Slot::network, name).make<Graph, const TaskShape&>(TaskShape{raw, 10}), input, raw);
    const auto plain = same_as(*random_network(graph), Execution::plain), there = same_as(*plain, Execution::fused);
    there->to(device);
    const torch::Tensor pictures = random_pictures(raw, kPictures), ids = torch::arange(kPictures);
    const torch::Tensor gradient = torch::randn({kPictures, 10}) / kPictures;
    EXPECT_LE(apart(logits_of(*there, pictures.to(device)).cpu(), logits_of(*plain, pictures)), 1e-3) << name;
    const Passed expected = train_once(*plain, pictures, ids, gradient);
    const Passed given = train_once(*there, pictures.to(device), ids.to(device), gradient.to(device));
    EXPECT_LE(apart(given.logits, expected.logits), 2e-3) << name;
    for (size_t i = 0; i < given.gradients.size(); ++i) {
      const torch::Tensor &of = given.gradients[i], &from = expected.gradients[i];
      // Batch norms over few pictures amplify rounding; what is wrong is wrong in most places.
      EXPECT_GT(torch::cosine_similarity(of.flatten(), from.flatten(), 0).item<double>() + (from.norm().item<double>() < 1e-5),
                0.999)
          << name << " " << there->parameters()[i].name;
    }
    for (size_t i = 0; i < plain->buffers().size(); ++i)
      EXPECT_LE(apart(there->buffers()[i].value.cpu(), plain->buffers()[i].value), 2e-3)
          << name << " " << plain->buffers()[i].name;
  }
}

TEST(NetworkOnDevice, KeepsActivationsInBfloat16AndLogitsInFloat32) {
  simulated_device::use();
  const Graph graph = choose(Slot::network, "resnet8").make<Graph, const TaskShape&>(TaskShape{{3, 32, 32}, 10});
  const auto network = random_network(graph);
  const torch::Tensor pictures = random_pictures({3, 32, 32}), expected = logits_of(*network, pictures);
  network->to(simulated_device::device());
  PreparedWeights prepared;
  const torch::NoGradGuard no_gradient;
  torch::Tensor logits;
  for (int pass = 0; pass < 2; ++pass) {
    const auto counts = simulated_device::count([&] {
      logits = network->forward(pictures.to(simulated_device::device()),
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
