// The fused passes of image networks against the plain execution of the same graph.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "core/error.h"
#include "kernels/products.h"
#include "nn/network.h"
#include "nn/weights.h"
#include "support/random_network.h"

namespace limbeck {
namespace {

torch::Tensor random_tensor(const std::vector<int64_t>& shape, uint64_t seed) {
  torch::manual_seed(seed);
  return torch::randn(shape);
}

/// The largest difference, relative to the largest value of the oracle.
double difference(const torch::Tensor& value, const torch::Tensor& oracle) {
  return ((value - oracle).abs().max() / oracle.abs().max().clamp_min(1e-12)).item<double>();
}

/// Two residual blocks, the second with a convolution on its shortcut; leaky ReLU, ReLU6, pooling, a classifier.
Graph residual_graph() {
  Graph graph({3, 12, 12});
  const auto convolution = [&](const std::string& name, size_t from, int64_t in, int64_t out, int64_t kernel,
                               int64_t stride, bool bias) {
    return graph.add(
        name,
        Convolution{.in = in, .out = out, .kernel = kernel, .stride = stride, .padding = kernel / 2, .bias = bias},
        {from});
  };
  size_t at = convolution("conv1", Graph::kInput, 3, 16, 3, 1, true);
  at = graph.add("bn1", BatchNorm{16}, {at});
  const size_t start = graph.add("relu1", LeakyRelu{0.1}, {at});
  at = convolution("a.conv1", start, 16, 16, 3, 1, false);
  at = graph.add("a.bn1", BatchNorm{16}, {at});
  at = graph.add("a.relu1", Relu6{}, {at});
  at = convolution("a.conv2", at, 16, 16, 3, 1, true);
  at = graph.add("a.bn2", BatchNorm{16}, {at});
  at = graph.add("a.sum", Add{}, {at, start});
  const size_t middle = graph.add("a", Relu{}, {at});
  at = convolution("b.conv1", middle, 16, 32, 3, 2, false);
  at = graph.add("b.bn1", BatchNorm{32}, {at});
  at = graph.add("b.relu1", Relu{}, {at});
  at = convolution("b.conv2", at, 32, 32, 3, 1, false);
  const size_t last = graph.add("b.bn2", BatchNorm{32}, {at});
  at = convolution("b.shortcut", middle, 16, 32, 1, 2, false);
  at = graph.add("b.bn3", BatchNorm{32}, {at});
  at = graph.add("b.sum", Add{}, {last, at});
  at = graph.add("b", Relu{}, {at});
  at = graph.add("pool", GlobalAveragePool{}, {at});
  at = graph.add("flatten", Flatten{}, {at});
  graph.add("fc", Linear{32, 10}, {at});
  return graph;
}

/// The largest difference of a parameter's gradient between fused and plain passes.
double gradient_difference(const GraphNetwork& fused, const GraphNetwork& plain) {
  double largest = 0;
  for (size_t i = 0; i < fused.parameters().size(); ++i) {
    const Parameter &own = fused.parameters()[i], &oracle = plain.parameters()[i];
    if (own.name == "conv1.bias" || own.name == "a.conv2.bias")
      continue;  // zero but for rounding: batch norm takes the mean away
    largest = std::max(largest, difference(own.value.grad(), oracle.value.grad()));
  }
  return largest;
}

TEST(ImageNetwork, PartsOfABatchAreTheWhole) {
  const torch::NoGradGuard no_gradient;
  const GraphNetwork fused(residual_graph(), 1), plain(residual_graph(), 1, Execution::plain);
  const int before = at::get_num_threads();
  PreparedWeights kept;
  for (const int64_t count : {1, 8, 9, 29}) {
    const torch::Tensor x = random_tensor({count, 3, 12, 12}, 2);
    const Outputs oracle = plain.forward(x, {.taps = {"a"}});
    std::vector<torch::Tensor> logits;
    for (const int threads : {1, 2, 5}) {
      at::set_num_threads(threads);
      const Outputs found = fused.forward(x, {.taps = {"a"}, .prepared = threads == 2 ? &kept : nullptr});
      EXPECT_LT(difference(found.logits, oracle.logits), 1e-4) << count;
      EXPECT_LT(difference(found.features.at("a"), oracle.features.at("a")), 1e-4) << count;
      logits.push_back(fused.forward(x, {}).logits);
      EXPECT_TRUE(torch::equal(logits.back(), logits.front())) << count << " examples, " << threads << " threads";
    }
    at::set_num_threads(before);
  }
  EXPECT_THROW(fused.forward(random_tensor({20, 3, 12, 12}, 2), {.taps = {"nowhere"}}), std::exception);
}

TEST(ImageNetwork, PartsOfABatchAreTheWholeWhateverIsTapped) {
  const torch::NoGradGuard no_gradient;
  const auto fused = random_network(residual_graph());
  GraphNetwork plain(fused->graph(), 1, Execution::plain);
  for (size_t i = 0; i < plain.buffers().size(); ++i)
    torch::Tensor(plain.buffers()[i].value).copy_(fused->buffers()[i].value);
  const torch::Tensor x = random_tensor({40, 3, 12, 12}, 2);
  const Outputs oracle = plain.forward(x, {.taps = plain.features()});
  for (const std::string& tap : plain.features()) {  // a convolution alone is not folded with the batch norm behind it
    const Outputs found = fused->forward(x, {.taps = {tap}});
    EXPECT_LT(difference(found.logits, oracle.logits), 1e-4) << tap;
    EXPECT_LT(difference(found.features.at(tap), oracle.features.at(tap)), 1e-4) << tap;
  }
}

TEST(ImageNetwork, FusedPassesAreThePlainOnes) {
  const Noise noise{.ids = torch::arange(6)};
  std::vector<double> differences;
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    GraphNetwork fused(residual_graph(), seed), plain(residual_graph(), seed, Execution::plain);
    const torch::Tensor x = random_tensor({6, 3, 12, 12}, seed), gradient = random_tensor({6, 10}, seed + 100);
    for (GraphNetwork* network : {&fused, &plain}) {  // so that ReLU6 has something to cut off
      const torch::NoGradGuard no_gradient;
      for (const Parameter& parameter : network->parameters())
        if (torch::Tensor value = parameter.value; parameter.name == "a.bn1.weight") value.mul_(10);
    }
    for (GraphNetwork* network : {&fused, &plain}) network->forward(x, {.noise = &noise}).logits.backward(gradient);
    differences.push_back(gradient_difference(fused, plain));
    for (size_t i = 0; i < fused.buffers().size(); ++i)
      EXPECT_LT(difference(fused.buffers()[i].value, plain.buffers()[i].value), 1e-4) << fused.buffers()[i].name;
    // What was learnt of the batch now serves for inference, where batch norm is multiplied into the convolutions.
    const torch::NoGradGuard no_gradient;
    PreparedWeights prepared;
    const torch::Tensor oracle = plain.forward(x, {}).logits;
    EXPECT_LT(difference(fused.forward(x, {}).logits, oracle), 5e-5);
    for (int pass = 0; pass < 2; ++pass)
      EXPECT_LT(difference(fused.forward(x, {.prepared = &prepared}).logits, oracle), 5e-5);
  }
  // Where a ReLU's input is 0 but for rounding, one path may pass a gradient that the other does not: that is seen in
  // some seeds, a mistake in all.
  std::sort(differences.begin(), differences.end());
  EXPECT_LT(differences.front(), 1e-4);
  EXPECT_LT(differences.back(), 0.1);
}

TEST(ImageNetwork, PixelProductsAreRoundedInTrainingAndInTheTeachersPass) {
  if (!has_fast_bfloat16()) GTEST_SKIP() << "this processor has no AVX512_BF16";
  Graph graph({3, 8, 8});
  size_t x = graph.add("conv1", Convolution{.in = 3, .out = 64, .kernel = 3, .stride = 1, .padding = 1, .bias = false},
                       {Graph::kInput});
  x = graph.add("conv2", Convolution{.in = 64, .out = 96, .kernel = 1, .stride = 1, .padding = 0, .bias = false}, {x});
  x = graph.add("bn", BatchNorm{96}, {x});
  x = graph.add("relu", Relu{}, {x});
  x = graph.add("pool", GlobalAveragePool{}, {x});
  graph.add("fc", Linear{96, 10}, {x});
  const GraphNetwork fused(graph, 1), plain(graph, 1, Execution::plain);
  EXPECT_TRUE(fused.capabilities().rounds_products);
  const torch::Tensor images = random_tensor({6, 3, 8, 8}, 1);
  const Noise noise{.ids = torch::arange(6)};
  const torch::NoGradGuard no_gradient;
  for (const Noise* mode : {static_cast<const Noise*>(nullptr), &noise}) {  // the first changes nothing
    const torch::Tensor exact = plain.forward(images, {.noise = mode}).logits;
    const torch::Tensor close = fused.forward(images, {.noise = mode, .precision = Precision::bfloat16}).logits;
    EXPECT_GT(difference(close, exact), 1e-5) << "nothing was rounded";
    EXPECT_LT(difference(close, exact), 0.02);
    EXPECT_LT(difference(fused.forward(images, {.noise = mode}).logits, exact), 5e-5);
  }
  PreparedWeights prepared;
  const torch::Tensor close = fused.forward(images, {.precision = Precision::bfloat16}).logits;
  for (int pass = 0; pass < 2; ++pass)
    EXPECT_TRUE(fused.forward(images, {.precision = Precision::bfloat16, .prepared = &prepared}).logits.equal(close));
}

TEST(ImageNetwork, TapsGiveWhatTheNodesGive) {
  GraphNetwork fused(residual_graph(), 1), plain(residual_graph(), 1, Execution::plain);
  const torch::Tensor x = random_tensor({2, 3, 12, 12}, 1);
  const torch::NoGradGuard no_gradient;
  const std::vector<std::string> taps = {"a.bn2", "b.sum", "a", "pool"};
  const auto own = fused.forward(x, {.taps = taps}).features, oracle = plain.forward(x, {.taps = taps}).features;
  for (const std::string& tap : taps) EXPECT_LT(difference(own.at(tap), oracle.at(tap)), 5e-5) << tap;
}

TEST(ImageNetwork, GroupsOfNodesAreComputedAsOne) {
  const Graph graph = residual_graph();
  EXPECT_EQ(plan_steps(graph, Pass::plain, {}).size(), graph.nodes().size());
  EXPECT_EQ(plan_steps(graph, Pass::inference, {}).size(), 9U);  // six convolutions, pooling, flattening, classifier
  EXPECT_EQ(plan_steps(graph, Pass::training, {}).size(),
            15U);  // six convolutions, six norms, pooling, flattening, classifier
}

TEST(ImageNetwork, RunningStatisticsAreSavedAndLoaded) {
  GraphNetwork first(residual_graph(), 1), second(residual_graph(), 2);
  const Noise noise{.ids = torch::arange(4)};
  first.forward(random_tensor({4, 3, 12, 12}, 1), {.noise = &noise});
  TensorMap state = state_of(first);
  EXPECT_TRUE(state.contains("a.bn1.running_var"));
  state["a.bn1.num_batches_tracked"] = torch::tensor(int64_t{1});  // as PyTorch saves it
  load_state(second, state, "a test");
  const torch::NoGradGuard no_gradient;
  const torch::Tensor x = random_tensor({2, 3, 12, 12}, 3);
  EXPECT_TRUE(torch::equal(first.forward(x, {}).logits, second.forward(x, {}).logits));
}

TEST(Graph, RefusesConvolutionsThatDoNotFit) {
  Graph graph({3, 8, 8});
  EXPECT_THROW(graph.add("conv", Convolution{.in = 4, .out = 8}, {Graph::kInput}), Error);
  EXPECT_THROW(graph.add("conv", Convolution{.in = 3, .out = 8, .kernel = 9}, {Graph::kInput}), Error);
  const size_t at = graph.add("conv", Convolution{.in = 3, .out = 8, .padding = 1}, {Graph::kInput});
  EXPECT_THROW(graph.add("sum", Add{}, {at, Graph::kInput}), Error);
  EXPECT_THROW(graph.add("conv", Relu{}, {at}), Error);
  EXPECT_THROW(graph.add("slice", Slice{4, 9}, {at}), Error);
  EXPECT_EQ(graph.multiply_adds(), 3 * 8 * 9 * 64);
}

}  // namespace
}  // namespace limbeck
