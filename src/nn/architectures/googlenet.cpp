// GoogLeNet (Szegedy et al. 2015): nine modules of four branches whose outputs stand side by side. In the form that
// Yuan et al. 2019 train on CIFAR-100: a single 3×3 convolution before the modules, two 3×3 convolutions in place of
// one 5×5, batch norm, no auxiliary classifiers. Modules are named as in their repository.
#include "limbeck/layers.h"
#include "recipe/catalogue.h"

namespace limbeck {
namespace {

/// Channels of the branches: a row of table 1. "Reduced" is what a 1×1 convolution leaves for the larger one.
struct Inception {
  std::string name;
  int64_t one, three_reduced, three, five_reduced, five, pooled;
};

const std::vector<Inception> kInceptions[] = {
    {{"a3", 64, 96, 128, 16, 32, 32}, {"b3", 128, 128, 192, 32, 96, 64}},
    {{"a4", 192, 96, 208, 16, 48, 64},
     {"b4", 160, 112, 224, 24, 64, 64},
     {"c4", 128, 128, 256, 24, 64, 64},
     {"d4", 112, 144, 288, 32, 64, 64},
     {"e4", 256, 160, 320, 32, 128, 128}},
    {{"a5", 256, 160, 320, 32, 128, 128}, {"b5", 384, 192, 384, 48, 128, 128}}};

struct GoogLeNetOptions {
  double dropout = 0.4;
  void bind(Fields& fields) {
    fields.number("dropout", dropout, from_below(0, 1), "probability of dropping a unit before the classifier");
  }
};

/// Convolution, batch norm and ReLU for each (channels, kernel), after what stands `before` them.
size_t add_branch(Layers& layers, const std::string& name, size_t from,
                  const std::vector<std::pair<int64_t, int64_t>>& convolutions, std::vector<Operation> before = {}) {
  for (const auto& [channels, kernel] : convolutions)
    before.insert(before.end(), {layers.convolution(channels, kernel), BatchNorm{}, Relu{}});
  return layers.sequence(name, from, before);
}

size_t add_inception(Layers& layers, size_t from, const Inception& of) {
  const size_t one = add_branch(layers, of.name + ".b1", from, {{of.one, 1}});
  const size_t three = add_branch(layers, of.name + ".b2", from, {{of.three_reduced, 1}, {of.three, 3}});
  const size_t five = add_branch(layers, of.name + ".b3", from, {{of.five_reduced, 1}, {of.five, 3}, {of.five, 3}});
  const size_t pooled =
      add_branch(layers, of.name + ".b4", from, {{of.pooled, 1}}, {MaxPool{.kernel = 3, .stride = 1, .padding = 1}});
  return layers.add(of.name + ".concatenate", Concatenate{}, {one, three, five, pooled});
}

std::unique_ptr<Graph> make_googlenet(const GoogLeNetOptions& options, const TaskShape& task) {
  Layers layers(task, {.bias = true});
  size_t at = add_branch(layers, "prelayer", Graph::kInput, {{192, 3}});
  layers.feature("stem", at);
  int group = 0;
  for (const std::vector<Inception>& modules : kInceptions) {
    if (group > 0)
      at = layers.add(fmt::format("maxpool{}", group), MaxPool{.kernel = 3, .stride = 2, .padding = 1}, at);
    for (const Inception& inception : modules) at = add_inception(layers, at, inception);
    layers.feature(fmt::format("layer{}", ++group), at);
  }
  at = layers.add("pool", GlobalAveragePool{}, at);
  if (options.dropout > 0) at = layers.add("dropout", Dropout{options.dropout}, at);
  layers.add("linear", Linear{.out = layers.classes()}, at);
  return layers.take();
}

}  // namespace

void register_googlenet(Catalogue& catalogue) {
  catalogue.add<Graph, GoogLeNetOptions, const TaskShape&>(
      Slot::network,
      {.name = "googlenet",
       .summary = "Nine modules of four branches each, with batch norm, for small images.",
       .source = "Szegedy et al. 2015; this form: Yuan et al. 2019",
       .principal = "dropout"},
      make_googlenet);
}

}  // namespace limbeck
