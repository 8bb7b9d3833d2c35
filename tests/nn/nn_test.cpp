#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "experiment/device.h"
#include "experiment/experiment.h"
#include "kernels/products.h"
#include "models/model.h"
#include "nn/ensembles/committee.h"
#include "nn/fold.h"
#include "nn/inference.h"
#include "nn/network.h"
#include "nn/weights.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

Graph mlp(const std::string& options, const TaskShape& task = {{1, 28, 28}, 10}) {
  return std::move(*choose(Slot::network, "{mlp: " + options + "}").make<Graph, const TaskShape&>(task));
}

TEST(Mlp, HasThePublishedNumberOfParameters) {
  EXPECT_EQ(mlp("[1200, 1200]").parameter_count(), 2395210);
  EXPECT_EQ(mlp("[800, 800]").parameter_count(), 1276810);
  EXPECT_EQ(mlp("[1200, 1200]").multiply_adds(), 784 * 1200 + 1200 * 1200 + 1200 * 10);
  EXPECT_EQ(mlp("[]").parameter_count(), 7850);
}

TEST(Mlp, NamesItsParametersAsPyTorchDoes) {
  const GraphNetwork network(mlp("[5]"), 1);
  std::vector<std::string> names;
  for (const Parameter& parameter : network.parameters()) names.push_back(parameter.name);
  EXPECT_EQ(names, (std::vector<std::string>{"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"}));
}

TEST(Mlp, WithABottleneckLearnsTheFirstMatrixAsAProduct) {
  const Graph graph = mlp("{hidden: [8000], bottleneck: 250}");
  EXPECT_EQ(graph.parameter_count(), 784 * 250 + 250 * 8000 + 8000 + 8000 * 10 + 10);
  EXPECT_EQ(graph.multiply_adds(), 784 * 250 + 250 * 8000 + 8000 * 10);
  EXPECT_EQ(graph.parameters()[0].name, "bottleneck.weight");
  EXPECT_THROW(mlp("{hidden: [], bottleneck: 5}"), DiagnosticsError);
}

TEST(Folding, GivesTheSameOutputs) {
  const GraphNetwork network(mlp("{hidden: [90, 20], bottleneck: 40}"), 3);
  const torch::Tensor inputs = torch::rand({50, 1, 28, 28});
  const auto product = fold(network, Folding::always);
  EXPECT_EQ(state_of(*product).begin()->first, "fc1.bias");
  EXPECT_EQ(state_of(*product).at("fc1.weight").sizes().vec(), (Shape{90, 784}));
  EXPECT_TRUE(product->forward(inputs, {}).logits.allclose(network.forward(inputs, {}).logits, 1e-5, 1e-5));
  const GraphNetwork plain(mlp("{hidden: [90, 20]}"), 1);  // the folded network is one of the plain architecture
  EXPECT_EQ(product->graph().feature_list(), plain.graph().feature_list());
}

TEST(Folding, MultipliesOutWhereThatIsSmaller) {
  const auto parameters = [](const std::string& options, Folding folding) {
    return fold(mlp(options), folding).parameter_count();
  };
  EXPECT_EQ(parameters("{hidden: [30], bottleneck: 29}", Folding::where_smaller), mlp("[30]").parameter_count());
  EXPECT_EQ(parameters("{hidden: [8000], bottleneck: 250}", Folding::where_smaller),
            mlp("{hidden: [8000], bottleneck: 250}").parameter_count());
  EXPECT_EQ(parameters("{hidden: [8000], bottleneck: 250}", Folding::always), mlp("[8000]").parameter_count());
  EXPECT_EQ(parameters("{hidden: [30], bottleneck: 29}", Folding::never),
            mlp("{hidden: [30], bottleneck: 29}").parameter_count());
}

TEST(Folding, TakesBiasesAlong) {
  Graph graph({3});
  const size_t first = graph.add("a", Linear{.in = 3, .out = 4}, {Graph::kInput});
  const size_t second = graph.add("b", Linear{.in = 4, .out = 2, .bias = false}, {first});
  graph.add("relu", Relu{}, {second});
  const GraphNetwork network(graph, 1);
  const torch::Tensor inputs = torch::randn({7, 3});
  EXPECT_TRUE(fold(network, Folding::always)
                  ->forward(inputs, {})
                  .logits.allclose(network.forward(inputs, {}).logits, 1e-5, 1e-6));
}

TEST(Folding, ShiftsTheBiasOfTheOutputsAlone) {
  GraphNetwork network(mlp("[6]"), 1);
  const torch::Tensor inputs = torch::rand({4, 1, 28, 28}),
                      before = network.forward(inputs, {}).logits.detach().clone();
  shift_output_bias(network, {3, 7}, 2.5);
  const torch::Tensor moved = network.forward(inputs, {}).logits - before;
  torch::Tensor expected = torch::zeros({4, 10});
  expected.index_fill_(1, torch::tensor({3, 7}), 2.5);
  EXPECT_TRUE(moved.allclose(expected, 1e-5, 1e-5));
}

std::shared_ptr<Committee> committee_of_two(EnsembleMean mean, const std::string& options = "[6]") {
  return std::make_shared<Committee>(
      std::vector<std::shared_ptr<Network>>{std::make_shared<GraphNetwork>(mlp(options), 1),
                                            std::make_shared<GraphNetwork>(mlp(options), 2)},
      mean);
}

TEST(Committee, HasItsMembersParametersAndTheMeanOfTheirOutputs) {
  const torch::Tensor inputs = torch::rand({5, 1, 28, 28});
  const auto committee = committee_of_two(EnsembleMean::geometric);
  EXPECT_EQ(committee->parameter_count(), 2 * mlp("[6]").parameter_count());
  EXPECT_EQ(committee->parameters()[0].name, "1.fc1.weight");
  EXPECT_EQ(committee->parameters()[4].name, "2.fc1.weight");
  const Outputs outputs = committee->forward(inputs, {});
  ASSERT_EQ(outputs.members.size(), 2U);
  EXPECT_TRUE(outputs.logits.allclose((outputs.members[0] + outputs.members[1]) / 2));
  EXPECT_TRUE(outputs.members[1].equal(GraphNetwork(mlp("[6]"), 2).forward(inputs, {}).logits));
  const torch::Tensor arithmetic = committee_of_two(EnsembleMean::arithmetic)->forward(inputs, {}).logits.exp();
  EXPECT_TRUE(arithmetic.allclose((torch::softmax(outputs.members[0], 1) + torch::softmax(outputs.members[1], 1)) / 2,
                                  1e-5, 1e-6));
  EXPECT_THROW(committee->forward(inputs, {.taps = {"fc1"}}), Error);
  EXPECT_THROW(Committee({}, EnsembleMean::logits), Error);
}

TEST(Committee, EachMemberDropsUnitsOfItsOwn) {
  const std::string options = "{hidden: [64], dropout: {hidden: 0.5}}";
  const auto same = std::make_shared<GraphNetwork>(mlp(options), 1);
  const Committee committee({same, same}, EnsembleMean::geometric);
  const Noise noise{5, 2, torch::arange(3)};
  const Outputs outputs = committee.forward(torch::rand({3, 1, 28, 28}), {.noise = &noise});
  EXPECT_FALSE(outputs.members[0].allclose(outputs.members[1]));
}

TEST(Graph, RefusesWhatDoesNotFit) {
  Graph graph({1, 2, 2});
  EXPECT_THROW(graph.add("fc", Linear{.in = 4, .out = 2}, {Graph::kInput}), Error);
  const size_t flat = graph.add("flatten", Flatten{}, {Graph::kInput});
  EXPECT_EQ(message_of<Error>([&] { graph.add("fc", Linear{.in = 5, .out = 2}, {flat}); }),
            "node 'fc' takes 5 inputs, but gets 4");
  EXPECT_THROW(graph.add("flatten", Relu{}, {flat}), Error);
  EXPECT_THROW(graph.add("relu", Relu{}, {7}), Error);
}

TEST(Network, StartsFromUniformWeightsThatDependOnTheSeedAlone) {
  const GraphNetwork first(mlp("[100]"), 1), same(mlp("[100]"), 1), other(mlp("[100]"), 2);
  const torch::Tensor weight = first.parameters()[0].value;
  EXPECT_TRUE(weight.equal(same.parameters()[0].value));
  EXPECT_FALSE(weight.equal(other.parameters()[0].value));
  const double bound = 1 / 28.0;  // 1/√784
  EXPECT_LE(weight.abs().max().item<double>(), bound);
  EXPECT_NEAR(weight.var().item<double>(), bound * bound / 3, bound * bound / 100);
}

TEST(Network, FusedDiffersFromPlainByRoundingOnly) {
  const Graph graph = mlp("{hidden: [33, 17], bottleneck: 21, dropout: {input: 0.2, hidden: 0.5}}");
  const GraphNetwork fused(graph, 1, Execution::fused), plain(graph, 1, Execution::plain);
  const torch::Tensor inputs = torch::rand({9, 1, 28, 28});
  const Noise noise{5, 2, torch::arange(9)};
  for (const Noise* given : {static_cast<const Noise*>(nullptr), &noise}) {
    const torch::Tensor a = fused.forward(inputs, {.noise = given}).logits,
                        b = plain.forward(inputs, {.noise = given}).logits;
    EXPECT_TRUE(a.allclose(b, 1e-5, 1e-6));  // float32, sums of up to 784 products
    const torch::Tensor direction = torch::rand_like(a);
    (a * direction).sum().backward();
    (b * direction).sum().backward();
    for (size_t i = 0; i < fused.parameters().size(); ++i) {
      EXPECT_TRUE(fused.parameters()[i].value.grad().allclose(plain.parameters()[i].value.grad(), 1e-4, 1e-5))
          << fused.parameters()[i].name;
      fused.parameters()[i].value.mutable_grad().reset();
      plain.parameters()[i].value.mutable_grad().reset();
    }
  }
}

TEST(Bfloat16, ProductsDifferFromFloat32ByTheRoundingOfTheirFactors) {
  if (!has_fast_bfloat16()) GTEST_SKIP() << "this processor has no AVX512_BF16";
  const Graph graph = mlp("{hidden: [257, 300], dropout: {input: 0.2, hidden: 0.5}}");
  const GraphNetwork fused(graph, 1, Execution::fused), plain(graph, 1, Execution::plain);
  const torch::Tensor inputs = torch::rand({9, 1, 28, 28});
  const Noise noise{5, 2, torch::arange(9)};
  PreparedWeights prepared;
  const torch::Tensor exact = plain.forward(inputs, {.noise = &noise}).logits;
  const torch::Tensor close = fused.forward(inputs, {.noise = &noise, .precision = Precision::bfloat16}).logits;
  EXPECT_FALSE(close.allclose(exact, 1e-5, 1e-6)) << "nothing was rounded";
  EXPECT_LT((close - exact).abs().max().item<double>(), 0.01 * exact.abs().max().item<double>());
  const void* kept = nullptr;
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_TRUE(fused.forward(inputs, {.noise = &noise, .precision = Precision::bfloat16, .prepared = &prepared})
                    .logits.equal(close));
    const auto first = std::find_if(prepared.rounded.begin(), prepared.rounded.end(),
                                    [](const auto& weight) { return weight.defined(); });
    ASSERT_NE(first, prepared.rounded.end());
    if (pass == 1) {
      EXPECT_EQ(first->data_ptr(), kept) << "rounded again";
    }
    kept = first->data_ptr();
  }
}

TEST(Bfloat16, LeavesSmallLayersInFloat32) {
  use_threads(1);  // bits are those of a number of threads, and LibTorch sets its own at some first use
  const GraphNetwork network(mlp("[33, 17]"), 1);
  const torch::Tensor inputs = torch::rand({9, 1, 28, 28});
  EXPECT_TRUE(
      network.forward(inputs, {.precision = Precision::bfloat16}).logits.equal(network.forward(inputs, {}).logits));
}

TEST(Network, TapsGiveTheNamedOutputsAndUnknownOnesListTheValid) {
  const GraphNetwork network(mlp("[6, 5]"), 1);
  const torch::Tensor inputs = torch::rand({2, 1, 28, 28});
  const Outputs outputs = network.forward(inputs, {.taps = {"fc1", "relu2"}});
  EXPECT_TRUE(outputs.logits.allclose(network.forward(inputs, {}).logits));
  EXPECT_EQ(outputs.features.at("relu2").size(1), 5);
  EXPECT_LT(outputs.features.at("fc1").min().item<float>(), 0);  // before the ReLU
  EXPECT_NE(message_of<Error>([&] { network.forward(inputs, {.taps = {"rleu1"}}); }).find("did you mean 'relu1'?"),
            std::string::npos);
  EXPECT_NE(message_of<Error>([&] {
              network.forward(torch::rand({2, 784}), {});
            }).find("takes inputs of 1x28x28, got 784"),
            std::string::npos);
}

TEST(Network, StartsWithRandomWeightsHoweverLongTheirRows) {
  const GraphNetwork network(mlp("[2]", {{1, 600, 600}, 10}), 1);
  const torch::Tensor weight = network.parameters().front().value.detach();
  EXPECT_FALSE(weight.slice(1, 0, 1000).equal(weight.slice(1, 1 << 18, (1 << 18) + 1000)));
}

TEST(Inference, InPartsIsThatOfAllExamplesAtOnce) {
  const auto wide = std::make_shared<GraphNetwork>(mlp("[100000]", {{1, 2, 2}, 10}), 1);
  EXPECT_EQ(examples_at_once(*wide), 671);
  EXPECT_EQ(examples_at_once(GraphNetwork(mlp("[5]"), 1)), 1000);
  EXPECT_EQ(examples_at_once(GraphNetwork(mlp("[5]", {{3, 6000, 6000}, 10}), 1)), 1);
  const torch::NoGradGuard no_gradient;
  const torch::Tensor inputs = torch::rand({700, 1, 2, 2});
  const Outputs all = wide->forward(inputs, {.taps = {"fc1"}}), parts = infer(*wide, inputs, {.taps = {"fc1"}});
  const auto difference = [](const torch::Tensor& one, const torch::Tensor& other) {
    return (one - other).abs().max().item<double>();
  };
  const double rounding =
      2e-6;  // logits below 1 are sums of 100,000 products, whose order depends on the number of rows
  EXPECT_LT(difference(parts.logits, all.logits), rounding);
  EXPECT_TRUE(parts.features.at("fc1").allclose(all.features.at("fc1")));
  const Committee two({wide, wide}, EnsembleMean::arithmetic);
  const Outputs members = infer(two, inputs, {});
  ASSERT_EQ(members.members.size(), 2U);
  EXPECT_LT(difference(members.members[1], all.logits), rounding);
  const Noise noise{1, 0, torch::arange(700)};
  EXPECT_THROW(infer(*wide, inputs, {.noise = &noise}), Error);
}

TEST(Maxout, IsTheLargestPieceAndTeachesItAlone) {
  Graph graph({6});
  graph.add("max", Maxout{3}, {Graph::kInput});
  const GraphNetwork network(graph, 1);
  const torch::Tensor x = torch::tensor({{1.F, -1.F, 4.F, -3.F, 2.F, -2.F}}).requires_grad_();
  const torch::Tensor y = network.forward(x, {}).logits;
  EXPECT_TRUE(y.equal(torch::tensor({{4.F, -1.F}})));
  y.sum().backward();
  EXPECT_TRUE(x.grad().equal(torch::tensor({{0.F, 1.F, 1.F, 0.F, 0.F, 0.F}})));
  EXPECT_THROW(graph.add("uneven", Maxout{4}, {Graph::kInput}), Error);
}

TEST(Network, DropsUnitsInTrainingAlone) {
  const GraphNetwork network(mlp("{hidden: [50], dropout: {input: 0.5, hidden: 0.5}}"), 1);
  const torch::Tensor inputs = torch::rand({4, 1, 28, 28});
  const Noise noise{1, 0, torch::arange(4)}, later{1, 1, torch::arange(4)};
  EXPECT_TRUE(network.forward(inputs, {}).logits.equal(network.forward(inputs, {}).logits));
  EXPECT_TRUE(
      network.forward(inputs, {.noise = &noise}).logits.equal(network.forward(inputs, {.noise = &noise}).logits));
  EXPECT_FALSE(
      network.forward(inputs, {.noise = &noise}).logits.equal(network.forward(inputs, {.noise = &later}).logits));
}

using Weights = TemporaryFolder;

TEST_F(Weights, AModelFileIsEnoughToUseTheNetwork) {
  const auto digits = small_digits(20, 10);
  const Choice architecture = choose(Slot::network, "{mlp: {hidden: [7], dropout: {hidden: 0.5}}}");
  const auto network = make_network(architecture, *digits, 3);
  save_model(folder / "m.safetensors", *network, describe_model(architecture, *digits));
  const Model model = load_model(folder / "m.safetensors");
  const torch::Tensor inputs = torch::rand({2, 1, 28, 28});
  EXPECT_TRUE(model.network->forward(inputs, {}).logits.equal(network->forward(inputs, {}).logits));
  EXPECT_EQ(model.description.classes.size(), 10U);
}

TEST_F(Weights, ThatDoNotFitNameEveryTensorAndChangeNothing) {
  GraphNetwork network(mlp("[4]"), 1);
  const torch::Tensor before = network.parameters()[0].value.detach().clone();
  TensorMap state = state_of(network);
  state.erase("fc2.bias");
  state["fc1.weight"] = torch::zeros({4, 783});
  state["fc9.weight"] = torch::zeros({1});
  EXPECT_EQ(message_of<Error>([&] { load_state(network, state, "'w'"); }),
            "'w' does not fit the network:\n  fc1.weight: is 4x783, expected 4x784\n  missing: fc2.bias 10\n  "
            "unexpected: fc9.weight 1");
  EXPECT_TRUE(before.equal(network.parameters()[0].value));
  state = state_of(network);
  state["fc1.weight"] = torch::zeros({4, 784}, torch::kInt8);
  EXPECT_EQ(message_of<Error>([&] { load_state(network, state, "'w'"); }),
            "'w' does not fit the network:\n  fc1.weight: is of whole numbers (I8), as of a quantised network");
}

}  // namespace
}  // namespace limbeck
