// DenseNet-BC (Huang et al. 2017): within a block each layer sees the outputs of all layers before it and adds `growth`
// channels; between blocks a 1×1 convolution keeps a part of the channels and the image is halved. For small images: a
// 3×3 stem without pooling, as Yuan et al. 2019 train densenet121; modules are named as in their repository.
#include "limbeck/layers.h"
#include "recipe/catalogue.h"

namespace limbeck {
namespace {

struct DenseNetOptions {
  std::vector<int64_t> blocks = {6, 12, 24, 16};
  int64_t growth = 32;
  double compression = 0.5;
  void bind(Fields& fields) {
    fields.integers("blocks", blocks, between(1, 200), {.least = 1}, "layers of each block");
    fields.integer("growth", growth, between(1, 512), "channels that each layer adds");
    fields.number("compression", compression, {.low = 0, .high = 1, .low_open = true},
                  "part of the channels that is kept between blocks");
  }
};

size_t add_layer(Layers& layers, const std::string& prefix, size_t from, int64_t growth) {
  const size_t grown = layers.sequence(
      prefix + "bottle_neck", from,
      {BatchNorm{}, Relu{}, layers.convolution(4 * growth, 1), BatchNorm{}, Relu{}, layers.convolution(growth, 3)});
  return layers.add(prefix + "concatenate", Concatenate{}, {from, grown});
}

std::unique_ptr<Graph> make_densenet(const DenseNetOptions& options, const TaskShape& task) {
  const size_t blocks = options.blocks.size();
  Layers layers(task, {.least_pixels = int64_t{1} << (blocks - 1)});
  size_t at = layers.add("conv1", layers.convolution(2 * options.growth, 3), Graph::kInput);
  layers.feature("stem", at);
  for (size_t block = 0; block < blocks; ++block) {
    const bool last = block + 1 == blocks;
    const std::string name = fmt::format("features.dense_block{}{}", last ? "" : "_layer_", block);
    for (int64_t i = 0; i < options.blocks[block]; ++i)
      at = add_layer(layers, fmt::format("{}.bottle_neck_layer_{}.", name, i), at, options.growth);
    layers.feature(fmt::format("layer{}", block + 1), at);
    if (last) break;
    const auto kept = static_cast<int64_t>(options.compression * static_cast<double>(layers.channels(at)));
    at = layers.sequence(fmt::format("features.transition_layer_{}.down_sample", block), at,
                         {BatchNorm{}, layers.convolution(kept, 1), AveragePool{}});
  }
  at = layers.chain("features.", at, {{"bn", BatchNorm{}}, {"relu", Relu{}}});
  return layers.classify(at, "linear");
}

}  // namespace

void register_densenet(Catalogue& catalogue) {
  const std::string source = "Huang et al. 2017";
  catalogue.add<Graph, DenseNetOptions, const TaskShape&>(
      Slot::network,
      {.name = "densenet",
       .summary = "Each layer of a block sees the outputs of all layers before it; for small images.",
       .formula = "x_l = [x_{l-1}, W_2 a(W_1 a(x_{l-1}))], a: batch norm and ReLU",
       .source = source,
       .principal = "blocks"},
      make_densenet);
  catalogue.add<Graph, NoOptions, const TaskShape&>(
      Slot::network,
      {.name = "densenet121",
       .summary = "DenseNet of four blocks of 6, 12, 24 and 16 layers, for small images.",
       .source = source},
      [](const NoOptions&, const TaskShape& task) { return make_densenet({}, task); });
}

}  // namespace limbeck
