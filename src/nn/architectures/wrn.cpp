// Wide residual networks (Zagoruyko, Komodakis 2016): depth 6n + 4, three groups of n blocks, batch norm and ReLU
// before each convolution. Modules are named as in the repositories that distil them (Tian et al. 2020).
#include "limbeck/layers.h"
#include "recipe/catalogue.h"

namespace limbeck {
namespace {

struct WrnOptions {
  int64_t depth = 16;
  int64_t width = 2;
  double dropout = 0;

  void bind(Fields& fields) {
    fields.integer("depth", depth, between(10, 1204), "layers, 6n + 4 for n blocks in each of the three groups");
    fields.require((depth - 4) % 6 == 0, fmt::format("depth is {}; expected 6n + 4, such as 16, 28 or 40", depth));
    fields.integer("width", width, between(1, 32), "channels as a multiple of 16, 32 and 64");
    bind_dropout(fields);
  }
  void bind_dropout(Fields& fields) {
    fields.number("dropout", dropout, from_below(0, 1),
                  "probability of dropping a unit between a block's convolutions");
  }
};

/// Options of the networks whose depth and width are in their names.
struct NamedWrnOptions : WrnOptions {
  void bind(Fields& fields) { bind_dropout(fields); }
};

/// Where the number of channels changes, the shortcut too starts from the normed and rectified input.
size_t add_block(Layers& layers, const std::string& prefix, size_t from, int64_t width, int64_t stride,
                 double dropout) {
  const size_t activated = layers.chain(prefix, from, {{"bn1", BatchNorm{}}, {"relu1", Relu{}}});
  size_t at = layers.chain(prefix, activated,
                           {{"conv1", layers.convolution(width, 3, stride)}, {"bn2", BatchNorm{}}, {"relu2", Relu{}}});
  if (dropout > 0) at = layers.add(prefix + "drop", Dropout{dropout}, at);
  at = layers.add(prefix + "conv2", layers.convolution(width, 3), at);
  size_t shortcut = from;
  if (layers.channels(from) != width)
    shortcut = layers.add(prefix + "convShortcut", layers.convolution(width, 1, stride), activated);
  return layers.add(prefix + "add", Add{}, {shortcut, at});
}

std::unique_ptr<Graph> make_wrn(const WrnOptions& options, const TaskShape& task) {
  Layers layers(task, {.initial = Initial::kaiming_normal});
  size_t at = layers.add("conv1", layers.convolution(16, 3), Graph::kInput);
  layers.feature("stem", at);
  for (int64_t group = 1; group <= 3; ++group) {
    const int64_t width = (8 << group) * options.width;
    for (int64_t i = 0; i < (options.depth - 4) / 6; ++i)
      at = add_block(layers, fmt::format("block{}.layer.{}.", group, i), at, width, group > 1 && i == 0 ? 2 : 1,
                     options.dropout);
    layers.feature(fmt::format("layer{}", group), at);
  }
  at = layers.chain("", at, {{"bn1", BatchNorm{}}, {"relu", Relu{}}});
  return layers.classify(at, "fc");
}

void add_named(Catalogue& catalogue, int64_t depth, int64_t width) {
  catalogue.add<Graph, NamedWrnOptions, const TaskShape&>(
      Slot::network,
      {.name = fmt::format("wrn_{}_{}", depth, width),
       .summary = fmt::format("The wide residual network of depth {} and width {}.", depth, width),
       .source = "Zagoruyko, Komodakis 2016",
       .principal = "dropout"},
      [depth, width](const NamedWrnOptions& options, const TaskShape& task) {
        WrnOptions all = options;
        all.depth = depth;
        all.width = width;
        return make_wrn(all, task);
      });
}

}  // namespace

void register_wrn(Catalogue& catalogue) {
  catalogue.add<Graph, WrnOptions, const TaskShape&>(
      Slot::network,
      {.name = "wrn",
       .summary = "Wide residual networks: batch norm and ReLU stand before each convolution.",
       .formula = "block: x + W_2 a(W_1 a(x)), a: batch norm and ReLU",
       .source = "Zagoruyko, Komodakis 2016"},
      make_wrn);
  for (const int64_t depth : {16, 40})
    for (const int64_t width : {1, 2}) add_named(catalogue, depth, width);
}

}  // namespace limbeck
