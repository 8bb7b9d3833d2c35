// A network of one's own, as a graph: it is trained, distilled into, saved and exported to ONNX as the built-in ones
// are. Usage: custom_network FOLDER
#include <limbeck/components.h>
#include <limbeck/export.h>
#include <limbeck/layers.h>
#include <limbeck/predictor.h>
#include <limbeck/process.h>
#include <limbeck/run.h>

#include <iostream>

namespace {

using namespace limbeck;

struct TinyOptions {
  int64_t channels = 8;
  void bind(Fields& fields) { fields.integer("channels", channels, between(1, 512), "of the first convolution"); }
};

std::unique_ptr<Graph> make_tiny(const TinyOptions& options, const TaskShape& task) {
  Layers layers(task, {.initial = Initial::kaiming_normal});
  size_t at = layers.chain(
      "", Graph::kInput,
      {{"conv1", layers.convolution(options.channels, 3, /*stride=*/2)}, {"bn1", BatchNorm{}}, {"relu1", Relu{}}});
  layers.feature("stem", at);
  at = layers.chain(
      "", at,
      {{"conv2", layers.convolution(2 * options.channels, 3, /*stride=*/2)}, {"bn2", BatchNorm{}}, {"relu2", Relu{}}});
  layers.feature("layer1", at);
  return layers.classify(at, "fc");
}

void register_tiny(Catalogue& catalogue) {
  catalogue.add<Graph, TinyOptions, const TaskShape&>(
      Slot::network, {.name = "tiny", .summary = "Two convolutions and a classifier.", .principal = "channels"},
      make_tiny);
}

}  // namespace

int main(int argc, char** argv) try {
  settle_process(argv);
  if (argc != 2) throw Error("usage: custom_network FOLDER");
  const std::filesystem::path folder = argv[1];
  add_components(register_tiny);
  const RunSummary run = run_recipe(recipe_of({.name = "tiny",
                                               .teacher = "mlp:200",
                                               .student = "tiny:16",
                                               .source = "{ digits: { train: 4000, test: 1000 } }",
                                               .optimizer = "adam",
                                               .learning_rate = 0.01,
                                               .epochs = 6,
                                               .teacher_epochs = 6}),
                                    {.out = folder / "run"});
  export_model(run.stage("distilled").weights.front(), folder / "tiny.onnx", {.softmax = true});
  const Predictor predictor(run.stage("distilled").weights.front());
  std::cout << predictor.parameter_count() << " parameters, accuracy "
            << run.stage("distilled").number("test", "accuracy") << "\n";
} catch (const limbeck::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
