#include "deploy/graph_json.h"
#include "core/json.h"

#include <gtest/gtest.h>

namespace limbeck {
namespace {

TEST(GraphJson, NamesLayersNumbersAndTensors) {
  Graph graph({3, 8, 8});
  size_t at = graph.add("input.normalize", Normalize{{0.5, 0.25, 1}, {1, 2, 4}}, {Graph::kInput});
  at = graph.add("conv1", Convolution{.in = 3, .out = 4, .kernel = 3, .stride = 2, .padding = 1, .groups = 1}, {at});
  const size_t normed = graph.add("layer1.0.bn", BatchNorm{.channels = 4, .epsilon = 1e-3}, {at});
  at = graph.add("sum", Add{}, {at, normed});
  at = graph.add("relu", LeakyRelu{.slope = 0.1}, {at});
  at = graph.add("flatten", Flatten{}, {at});
  at = graph.add("maxout", Maxout{.pieces = 2}, {at});
  graph.add("fc", Linear{.in = 32, .out = 10, .rounds = true}, {at});
  const Json json = to_json(graph);
  EXPECT_EQ(json["input"]["shape"], (std::vector<int>{3, 8, 8}));
  EXPECT_EQ(json["output"], "fc");
  const Json& layers = json["layers"];
  ASSERT_EQ(layers.size(), 8u);
  EXPECT_EQ(layers[0]["inputs"][0], json["input"]["name"]);
  EXPECT_EQ(layers[0]["mean"][1], 0.25);
  EXPECT_EQ(layers[0]["deviation"][2], 4);
  EXPECT_EQ(layers[1]["operation"], "convolution");
  EXPECT_EQ(layers[1]["stride"], 2);
  EXPECT_EQ(layers[1]["shape"], (std::vector<int>{4, 4, 4}));
  EXPECT_EQ(layers[1]["parameters"], (Json{{"weight", "conv1.weight"}})) << "it has no bias";
  EXPECT_EQ(layers[2]["parameters"]["running_var"], "layer1.0.bn.running_var");
  EXPECT_EQ(layers[2]["epsilon"], 1e-3);
  EXPECT_EQ(layers[3]["inputs"], (std::vector<std::string>{"conv1", "layer1.0.bn"}));
  EXPECT_EQ(layers[4]["slope"], 0.1);
  EXPECT_FALSE(layers[5].contains("parameters"));
  EXPECT_EQ(layers[6]["operation"], "maxout");
  EXPECT_EQ(layers[6]["pieces"], 2);
  EXPECT_EQ(layers[6]["shape"], std::vector<int>{32});
  EXPECT_EQ(layers[7]["parameters"]["bias"], "fc.bias");
  EXPECT_EQ(layers[7]["rounds"], true);
  EXPECT_FALSE(layers[1].contains("rounds"));
}

}  // namespace
}  // namespace limbeck
