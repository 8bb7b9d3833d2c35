// Multi-layer perceptron: the networks of Hinton et al. 2015 on MNIST. Layers are named fc1, fc2, …, as PyTorch's examples
// name them, so that a state_dict with fc1.weight, fc1.bias, … loads.
#include "nn/graph.h"
#include "recipe/catalogue.h"

namespace limbeck {
namespace {

struct MlpOptions {
  std::vector<int64_t> hidden = {800, 800};
  double input_dropout = 0;
  double hidden_dropout = 0;

  void bind(Fields& fields) {
    fields.integers("hidden", hidden, between(1, 1e6), "units of each hidden layer; [] is a linear classifier");
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
  int layer = 1;
  for (const int64_t width : options.hidden) {
    at = graph->add(fmt::format("fc{}", layer), Linear{in, width}, {at});
    at = graph->add(fmt::format("relu{}", layer), Relu{}, {at});
    if (options.hidden_dropout > 0) at = graph->add(fmt::format("drop{}", layer), Dropout{options.hidden_dropout}, {at});
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
       .formula = "h_l = max(W_l h_{l-1} + b_l, 0), logits = W h + b",
       .source = "Hinton et al. 2015, section 3",
       .principal = "hidden"},
      make_mlp);
}

}  // namespace limbeck
