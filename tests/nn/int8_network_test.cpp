// Networks computed with bytes, against the simulation in float32.
#include "nn/int8_network.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "experiment/device.h"
#include "nn/quantization.h"
#include "support/random_network.h"
#include "support/small_data.h"

namespace limbeck {
namespace {

const TaskShape kPictures{{3, 32, 32}, 10};

std::shared_ptr<GraphNetwork> quantized(const std::string& name, const torch::Tensor& inputs) {
  return quantize(*random_network(*choose(Slot::network, name).make<Graph, const TaskShape&>(kPictures)), inputs);
}

class EveryByteNetwork : public testing::TestWithParam<std::string> {};

TEST_P(EveryByteNetwork, ComputesWhatTheSimulationDoes) {
  const torch::NoGradGuard no_gradient;
  const torch::Tensor inputs = random_pictures(kPictures.input, 20);
  const auto simulated = quantized(GetParam(), inputs);
  const Int8Network network(simulated);
  const torch::Tensor expected = simulated->forward(inputs, {}).logits, given = network.forward(inputs, {}).logits;
  const double spread = (expected - expected.mean()).abs().max().item<double>();
  EXPECT_GT(spread, 0);
  // Both round; a value between two bytes goes one way here and the other there, and later layers see it.
  EXPECT_LT((given - expected).abs().max().item<double>(), 0.06 * spread);
  EXPECT_LT((given - expected).abs().mean().item<double>(), 0.01 * spread);
}

INSTANTIATE_TEST_SUITE_P(Networks, EveryByteNetwork,
                         testing::Values("mlp", "keras_student", "resnet20", "resnet8x4", "wrn_16_1", "vgg8",
                                         "mobilenetv2", "shufflenetv1", "shufflenetv2", "densenet121", "googlenet",
                                         "resnet18", "fitnet_mnist"),
                         [](const auto& info) { return info.param; });

TEST(ByteNetwork, KeepsBytesThroughAResnet) {
  const torch::NoGradGuard no_gradient;
  const torch::Tensor inputs = random_pictures(kPictures.input, 20);
  EXPECT_EQ(Int8Network(quantized("resnet20", inputs)).byte_convolutions(), 19 + 2);  // and two of shortcuts
  EXPECT_EQ(Int8Network(quantized("fitnet_mnist", inputs)).byte_convolutions(), 4);   // of 32 outputs, not of 24
  EXPECT_EQ(Int8Network(quantized("mlp", inputs)).byte_convolutions(), 0);
}

TEST(ByteNetwork, GivesTheSameBitsForAnyBatchAndThreads) {
  const torch::NoGradGuard no_gradient;
  const torch::Tensor inputs = random_pictures(kPictures.input, 21);
  const Int8Network network(quantized("resnet20", inputs));
  use_threads(1);
  const torch::Tensor whole = network.forward(inputs, {}).logits;
  use_threads(3);
  EXPECT_TRUE(network.forward(inputs, {}).logits.equal(whole));
  EXPECT_TRUE(network.forward(inputs.slice(0, 0, 16), {}).logits.equal(whole.slice(0, 0, 16)));
  use_threads(1);
}

TEST(ByteNetwork, LeavesTapsToTheSimulation) {
  const torch::NoGradGuard no_gradient;
  const torch::Tensor inputs = random_pictures(kPictures.input, 4);
  const auto simulated = quantized("resnet20", inputs);
  const ForwardOptions options{.taps = {"layer2"}};
  EXPECT_TRUE(Int8Network(simulated)
                  .forward(inputs, options)
                  .features.at("layer2")
                  .equal(simulated->forward(inputs, options).features.at("layer2")));
  EXPECT_THROW(Int8Network(simulated).to(torch::Device(torch::kMeta)), Error);
}

}  // namespace
}  // namespace limbeck
