// Multi-layer perceptron: the networks of Hinton et al. 2015 on MNIST. Layers are named fc1, fc2, …, as PyTorch's
// examples name them, so that a state_dict with fc1.weight, fc1.bias, … loads. Features are named as in nn/layers.h:
// layer1 … for the hidden layers, and pool for the last of them.
//
// With a linear bottleneck of k units the first weight matrix W [H, D] is learned as U V, V [k, D] and U [H, k] (Ba and
// Caruana 2014, section 2.3): memory and products k (H + D) instead of H D, and faster convergence of very wide layers.
// V is `bottleneck.weight`, U and the bias are fc1's; nn/fold.h multiplies them out.
#include "limbeck/graph.h"
#include "recipe/catalogue.h"

namespace limbeck {
namespace {

struct MlpOptions {
  std::vector<int64_t> hidden = {800, 800};
  int64_t bottleneck = 0;
  double input_dropout = 0;
  double hidden_dropout = 0;

  void bind(Fields& fields) {
    fields.integers("hidden", hidden, between(1, 1e6), "units of each hidden layer; [] is a linear classifier");
    fields.integer(
        "bottleneck", bottleneck, between(0, 1e6),
        "linear units between the input and the first hidden layer, whose weights become a product; 0: none");
    fields.require(bottleneck == 0 || !hidden.empty(), "a bottleneck stands before a hidden layer, and there is none");
    fields.begin_group("dropout", "probability of setting a unit to 0 in training");
    fields.number("input", input_dropout, from_below(0, 1), "probability of dropping an input");
    fields.number("hidden", hidden_dropout, from_below(0, 1), "probability of dropping a hidden unit");
    fields.end_group();
  }
};

std::unique_ptr<Graph> make_mlp(const MlpOptions& options, const TaskShape& task) {
  auto graph = std::make_unique<Graph>(task.input);
  size_t at = graph->add("flatten", Flatten{}, {Graph::kInput});
  if (options.input_dropout > 0) at = graph->add("drop0", Dropout{options.input_dropout}, {at});
  int64_t in = element_count(task.input);
  if (options.bottleneck > 0) {
    at = graph->add("bottleneck", Linear{in, options.bottleneck, /*bias=*/false}, {at});
    in = options.bottleneck;
  }
  int layer = 1;
  for (const int64_t width : options.hidden) {
    at = graph->add(fmt::format("fc{}", layer), Linear{in, width}, {at});
    at = graph->add(fmt::format("relu{}", layer), Relu{}, {at});
    graph->name_feature(fmt::format("layer{}", layer), at);
    if (layer == static_cast<int>(options.hidden.size())) graph->name_feature("pool", at);
    if (options.hidden_dropout > 0)
      at = graph->add(fmt::format("drop{}", layer), Dropout{options.hidden_dropout}, {at});
    in = width;
    ++layer;
  }
  graph->add(fmt::format("fc{}", layer), Linear{in, task.classes}, {at});
  return graph;
}

}  // namespace

void register_mlp(Catalogue& catalogue) {
  catalogue.add<Graph, MlpOptions, const TaskShape&>(
      Slot::network,
      {.name = "mlp",
       .summary = "Fully connected layers with ReLU; dropout on the input and on the hidden units.",
       .formula = "h_l = max(W_l h_{l-1} + b_l, 0), logits = W h + b; with a bottleneck W_1 = U V",
       .source = "Hinton et al. 2015, section 3; bottleneck: Ba and Caruana 2014, section 2.3",
       .principal = "hidden"},
      make_mlp);
}

}  // namespace limbeck
