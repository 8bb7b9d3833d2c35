// A student that ends with the teacher's classifier (D. Chen, J.-P. Mei, H. Zhang, C. Wang, Y. Feng, C. Chen,
// "Knowledge distillation with the reused teacher classifier", CVPR 2022, arXiv 2203.14001). The layers of a student up
// to its last map are followed by a projector to the channels of the teacher's last map: a 1×1 convolution to 1/factor
// of them, a 3×3 and a 1×1 convolution, each with batch norm and ReLU. Pooling and classifier are those of the teacher:
// the stage's key `classifier` copies its weights, and where the loss reads no logits, they stay as they are.
//
//   networks: { small: { reused_classifier: { student: resnet8x4, channels: 256 } } }
//   stages: [ { name: distilled, train: small, teacher: teacher, classifier: teacher,
//               loss: [ simkd: { from: layer3, to: projector, projector: none } ] } ]
#include "core/error.h"
#include "limbeck/layers.h"
#include "recipe/catalogue.h"

namespace limbeck {

// Generated from the folder; see cmake/component.cmake.
void register_nn(Catalogue&);

namespace {

struct ReusedClassifierOptions {
  std::string student = "resnet20";
  int64_t channels = 64;
  int64_t factor = 2;
  void bind(Fields& fields) {
    fields.text("student", student, "the architecture whose layers up to the last map are the student's");
    fields.integer("channels", channels, at_least(1), "channels of the teacher's last map");
    fields.integer("factor", factor, at_least(1), "by which the projector's first layers have fewer channels");
  }
};

std::unique_ptr<Graph> student_graph(const std::string& name, const TaskShape& task) {
  static const Catalogue kNetworks = [] {
    Catalogue catalogue;
    register_nn(catalogue);
    return catalogue;
  }();
  return kNetworks.choose(Slot::network, name).make<Graph, const TaskShape&>(task);
}

/// The node that the global pooling before the classifier reads.
size_t last_map(const Graph& graph, const std::string& name) {
  const auto pool = graph.feature_names().find("pool");
  size_t node = pool == graph.feature_names().end() ? Graph::kInput : pool->second;
  for (size_t i = 0; i < graph.nodes().size(); ++i)
    if (node == Graph::kInput && graph.nodes()[i].name == "pool") node = i;
  if (node == Graph::kInput || !std::holds_alternative<GlobalAveragePool>(graph.nodes()[node].operation))
    throw Error(
        ErrorKind::usage,
        fmt::format(
            "reused_classifier: '{}' does not pool a map before its classifier, so that there is nothing to project",
            name));
  return graph.nodes()[node].inputs.front();
}

std::unique_ptr<Graph> make_reused_classifier(const ReusedClassifierOptions& options, const TaskShape& task) {
  const std::unique_ptr<Graph> student = student_graph(options.student, task);
  const size_t last = last_map(*student, options.student);
  auto graph = std::make_unique<Graph>(task.input);
  for (size_t i = 0; i <= last; ++i) {
    const Node& node = student->nodes()[i];
    graph->add(node.name, node.operation, node.inputs);
  }
  for (const auto& [name, node] : student->feature_names())
    if (node <= last) graph->name_feature(name, node);
  const int64_t narrow = std::max<int64_t>(options.channels / options.factor, 1);
  size_t at = last;
  int place = 0;
  const auto add = [&](const Operation& operation) {
    at = graph->add(fmt::format("projector.{}", place++), operation, {at});
  };
  const auto add_layer = [&](int64_t out, int64_t kernel) {
    add(Convolution{.in = graph->shape_of(at)[0],
                    .out = out,
                    .kernel = kernel,
                    .padding = kernel / 2,
                    .initial = Initial::kaiming_normal});
    add(BatchNorm{.channels = out});
    add(Relu{});
  };
  add_layer(narrow, 1);
  add_layer(narrow, 3);
  add_layer(options.channels, 1);
  graph->name_feature("projector", at);
  at = graph->add("pool", GlobalAveragePool{}, {at});
  graph->add("classifier", Linear{.in = options.channels, .out = task.classes}, {at});
  return graph;
}

}  // namespace

void register_reused_classifier(Catalogue& catalogue) {
  catalogue.add<Graph, ReusedClassifierOptions, const TaskShape&>(
      Slot::network,
      {.name = "reused_classifier",
       .summary = "A student whose last map is projected to the teacher's, for the teacher's classifier.",
       .formula = "classifier(pool(projector(student's last map)))",
       .source = "Chen et al. 2022",
       .principal = "student"},
      make_reused_classifier);
}

}  // namespace limbeck
