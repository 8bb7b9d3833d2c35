#include "nn/quantization.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "nn/fold.h"
#include "nn/weights.h"
#include "support/random_network.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

const TaskShape kTask{{3, 32, 32}, 10};

torch::Tensor pictures(int64_t count) {
  return random_pictures(kTask.input, count);
}

std::shared_ptr<GraphNetwork> network_of(const std::string& name) {
  return random_network(*choose(Slot::network, name).make<Graph, const TaskShape&>(kTask));
}

size_t count_of(const Graph& graph, const std::string& operation) {
  return static_cast<size_t>(std::count_if(graph.nodes().begin(), graph.nodes().end(), [&](const Node& node) {
    return operation_name(node.operation) == operation;
  }));
}

TEST(BatchNormFolding, GivesTheSameLogitsWithoutTheNodes) {
  for (const char* name : {"keras_student", "resnet20", "densenet121", "mobilenetv2"}) {
    const auto network = network_of(name);
    const auto folded = fold_batch_norm(*network);
    const torch::Tensor inputs = pictures(4), expected = logits_of(*network, inputs);
    EXPECT_LT((logits_of(*folded, inputs) - expected).abs().max().item<double>(),
              1e-4 * expected.abs().max().item<double>())
        << name;
    EXPECT_LT(count_of(folded->graph(), "batch_norm"), count_of(network->graph(), "batch_norm")) << name;
  }
  EXPECT_EQ(count_of(fold_batch_norm(network_of("resnet20")->graph()), "batch_norm"), 0U);
  EXPECT_GT(count_of(fold_batch_norm(network_of("densenet121")->graph()), "batch_norm"),
            0U);  // before its convolutions
}

TEST(Rounding, OfANetworkStaysClose) {
  for (const char* name : {"mlp", "keras_student", "resnet20", "shufflenetv2"}) {
    const auto network = network_of(name);
    const torch::Tensor inputs = pictures(32);
    const auto rounded = quantize(*network, inputs);
    const torch::Tensor expected = logits_of(*network, inputs), given = logits_of(*rounded, inputs);
    const double far = (expected - given).abs().max().item<double>() / expected.abs().max().item<double>();
    EXPECT_LT(far, 0.15) << name;
    EXPECT_GT(far, 1e-6) << name;
  }
}

TEST(Rounding, StandsWhereARuntimeKeepsBytes) {
  Graph graph({3, 8, 8});
  size_t at = graph.add("conv", Convolution{.in = 3, .out = 4, .padding = 1}, {Graph::kInput});
  at = graph.add("bn", BatchNorm{4}, {at});
  at = graph.add("relu", Relu{}, {at});
  at = graph.add("pool", MaxPool{}, {at});
  at = graph.add("flat", Flatten{}, {at});
  graph.add("fc", Linear{64, 2}, {at});
  std::vector<std::string> names;
  const Graph rounded = quantize(graph);
  for (const Node& node : rounded.nodes()) names.push_back(node.name);
  EXPECT_EQ(names, (std::vector<std::string>{"input.quantize", "conv", "relu", "relu.quantize", "pool", "flat", "fc"}));
}

TEST(Rounding, LeavesLogitsThatAreOnlyFlattenedAfterwards) {
  Graph graph({3, 8, 8});
  size_t at = graph.add("pool", GlobalAveragePool{.flat = false}, {Graph::kInput});
  at = graph.add("classifier", Convolution{.in = 3, .out = 4, .kernel = 1, .bias = true}, {at});
  graph.add("flat", Flatten{}, {at});
  EXPECT_EQ(count_of(quantize(graph), "quantize"), 2U);  // of the input and of the pooled
}

TEST(Rounding, NeedsExamples) {
  EXPECT_THROW(quantize(*network_of("mlp"), pictures(0)), Error);
}

/// What is trained under rounding is the weights; ranges stay.
TEST(Rounding, LetsANetworkLearn) {
  const auto network = network_of("keras_student");
  const torch::Tensor inputs = pictures(32), labels = torch::arange(32) % 10;
  const auto rounded = quantize(*network, inputs);
  const TensorMap before = [&] {
    TensorMap copies;
    for (const auto& [name, value] : state_of(*rounded)) copies[name] = value.clone();
    return copies;
  }();
  const Noise noise{.seed = 1, .ids = torch::arange(32)};
  double first = 0, last = 0;
  for (int step = 0; step < 20; ++step) {
    const torch::Tensor loss = torch::cross_entropy_loss(rounded->forward(inputs, {.noise = &noise}).logits, labels);
    loss.backward();
    const torch::NoGradGuard no_gradient;
    for (const Parameter& parameter : rounded->parameters()) {
      torch::Tensor value = parameter.value;
      value -= 0.02 * value.grad();
      value.mutable_grad().zero_();
    }
    (step == 0 ? first : last) = loss.item<double>();
  }
  EXPECT_LT(last, 0.8 * first);
  for (const Parameter& buffer : rounded->buffers())
    EXPECT_TRUE(buffer.value.equal(before.at(buffer.name))) << buffer.name;
}

}  // namespace
}  // namespace limbeck
