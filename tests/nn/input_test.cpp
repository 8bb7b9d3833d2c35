#include "nn/input.h"
#include "core/json.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <torch/utils.h>
#include <set>

#include "models/model.h"
#include "nn/network.h"
#include "recipe/recipe.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

const Shape kRaw = {3, 8, 6};
const InputOptions kResized{.height = 4, .width = 5, .mean = {0.5, 0.25, 0.1}, .deviation = {0.2, 0.5, 2}};

Graph pooled(const Shape& input) {
  Graph graph(input);
  size_t at = graph.add("conv", Convolution{.in = 3, .out = 4, .padding = 1}, {Graph::kInput});
  graph.name_feature("first", at);
  const size_t side = graph.add("conv2", Convolution{.in = 3, .out = 4, .padding = 1}, {Graph::kInput});
  at = graph.add("add", Add{}, {at, side});
  at = graph.add("drop", Dropout{0.5}, {at});
  at = graph.add("pool", GlobalAveragePool{}, {at});
  graph.add("fc", Linear{4, 10}, {at});
  return graph;
}

TEST(Input, IsResizedAndNormalisedBeforeTheNetwork) {
  const Graph graph = with_input(pooled(shape_after(kResized, kRaw)), kResized, kRaw);
  EXPECT_EQ(graph.input_shape(), kRaw);
  EXPECT_EQ(graph.nodes()[0].name, "input.resize");
  EXPECT_EQ(graph.nodes()[1].name, "input.normalize");
  EXPECT_EQ(graph.nodes()[1].shape, (Shape{3, 4, 5}));
  EXPECT_EQ(graph.feature("first"), 2U);
  const GraphNetwork whole(graph, 7), bare(pooled({3, 4, 5}), 7);
  EXPECT_TRUE(whole.parameters()[0].value.equal(bare.parameters()[0].value));  // weights start as without
  const torch::Tensor inputs = torch::rand({5, 3, 8, 6});
  torch::Tensor seen = at::_upsample_bilinear2d_aa(inputs, {4, 5}, false);
  seen =
      (seen - torch::tensor({0.5, 0.25, 0.1}).reshape({3, 1, 1})) / torch::tensor({0.2, 0.5, 2.0}).reshape({3, 1, 1});
  const Noise noise{3, 1, torch::arange(5)};
  for (const Noise* given : {static_cast<const Noise*>(nullptr), &noise}) {
    const torch::Tensor a = whole.forward(inputs, {.noise = given}).logits,
                        b = bare.forward(seen, {.noise = given}).logits;
    EXPECT_TRUE(a.allclose(b, 1e-5, 1e-6));
  }
}

TEST(Input, ThatIsAsTheDataChangesNothing) {
  EXPECT_TRUE(input_operations({}, kRaw).empty());
  EXPECT_TRUE(input_operations({.height = 8, .width = 6}, kRaw).empty());
  EXPECT_EQ(with_input(pooled(kRaw), {}, kRaw).nodes().size(), pooled(kRaw).nodes().size());
  EXPECT_EQ(GraphNetwork(with_input(pooled(kRaw), {}, kRaw), 1).identity(), GraphNetwork(pooled(kRaw), 1).identity());
}

TEST(Input, IsPartOfANetworksIdentity) {
  InputOptions other = kResized;
  other.mean[0] = 0;
  const auto identity = [](const InputOptions& input) {
    return GraphNetwork(with_input(pooled({3, 4, 5}), input, kRaw), 1).identity();
  };
  EXPECT_NE(identity(kResized), identity(other));
}

// Names, shapes and values of the parameters are the same: only the operations differ.
TEST(Network, ItsOperationsArePartOfItsIdentity) {
  std::set<std::string> identities;
  for (const Operation& operation : std::initializer_list<Operation>{Relu{}, Relu6{}, LeakyRelu{0.1}, LeakyRelu{0.2},
                                                                     Maxout{2}, MaxPool{2, 2}, MaxPool{2, 1}}) {
    Graph graph({3, 4, 4});
    const size_t at = graph.add("conv", Convolution{.in = 3, .out = 2, .padding = 1}, {Graph::kInput});
    graph.add("pool", GlobalAveragePool{}, {graph.add("act", operation, {at})});
    identities.insert(GraphNetwork(graph, 1).identity());
  }
  EXPECT_EQ(identities.size(), 7);
}

TEST(Input, IsReadBackFromJson) {
  EXPECT_EQ(to_json(input_options_from(to_json(kResized))), to_json(kResized));
  EXPECT_EQ(to_json(InputOptions{}), Json::object());
  EXPECT_TRUE(input_options_from(Json::object()).empty());
}

TEST(Input, OfARecipeFitsTheData) {
  const auto digits = small_digits(20, 10);
  NetworkRecipe network{.name = "n"};
  EXPECT_TRUE(input_of(network, {}, *digits).empty());
  digits->mean = {0.25};
  digits->deviation = {0.5};
  EXPECT_EQ(input_of(network, {}, *digits).mean, std::vector<double>{0.25});  // the data's usual numbers
  EXPECT_TRUE(input_of(network, {.by = NormalizeRecipe::By::none}, *digits).empty());
  const NormalizeRecipe given{.by = NormalizeRecipe::By::given, .given = {{0.1}, {0.2}}};
  EXPECT_EQ(input_of(network, given, *digits).deviation, std::vector<double>{0.2});
  network.input.statistics = {{0}, {1}};
  EXPECT_TRUE(
      input_of(network, given, *digits).empty());  // the network's own word, which is that nothing is to be done
  network.input.size = {28};
  EXPECT_TRUE(input_of(network, given, *digits).empty());
  network.input.size = {14, 20};
  EXPECT_EQ(shape_after(input_of(network, given, *digits), {1, 28, 28}), (Shape{1, 14, 20}));
  network.input.statistics = {{0.1, 0.2, 0.3}, {1, 1, 1}};
  EXPECT_EQ(message_of<Error>([&] { input_of(network, {}, *digits); }),
            "networks.n.input.mean has 3 numbers, but the images of 'digits' have 1 channel");
  network.input = {};
  EXPECT_EQ(message_of<Error>([&] {
              input_of(network, {.by = NormalizeRecipe::By::given, .given = {{0.1, 0.2}, {1, 1}}}, *digits);
            }),
            "data.normalize.mean has 2 numbers, but the images of 'digits' have 1 channel");
}

using InputFiles = TemporaryFolder;

TEST_F(InputFiles, SayWhatTheNetworkDoesToPixels) {
  const auto digits = small_digits(20, 10);
  const Choice architecture = choose(Slot::network, "{mlp: [6]}");
  const InputOptions input{.height = 10, .width = 12, .mean = {0.3}, .deviation = {0.7}};
  const auto network = make_network(architecture, *digits, 1, input);
  save_model(folder / "m.safetensors", *network, describe_model(architecture, *digits, input));
  const Model model = load_model(folder / "m.safetensors");
  EXPECT_EQ(model.description.input, (Shape{1, 28, 28}));
  const torch::Tensor inputs = torch::rand({3, 1, 28, 28});
  EXPECT_TRUE(model.network->forward(inputs, {}).logits.equal(network->forward(inputs, {}).logits));
  EXPECT_EQ(network->parameters()[0].value.sizes().vec(), (Shape{6, 120}));
  save_model(folder / "plain.safetensors", *make_network(architecture, *digits, 1),
             describe_model(architecture, *digits));
  EXPECT_FALSE(load_tensors(folder / "plain.safetensors").metadata.contains("limbeck.input_options"));
}

}  // namespace
}  // namespace limbeck
