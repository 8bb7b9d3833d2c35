// MobileNetV2 (Sandler et al. 2018): inverted residuals. A block widens its input by a 1×1 convolution, filters each
// channel by itself, and narrows the result without ReLU; where shapes agree the input is added.
//
// mobilenetv2       the CIFAR-100 student of Tian et al. 2020: half as wide, stem of stride 2, ReLU, no biases
// tfkd_mobilenetv2  the one of Yuan et al. 2019: full width, 1×1 stem, strides 1 in the later groups, ReLU6, biases,
// and a 1×1
//                   convolution as classifier
// Modules are named as in these authors' repositories.
#include <algorithm>
#include <iterator>

#include "limbeck/layers.h"
#include "recipe/catalogue.h"

namespace limbeck {
namespace {

/// A group of blocks: table 2 of the paper.
struct Group {
  int64_t expansion, channels, blocks, stride;
};

/// The groups after which the resolution, or the network, ends: layer1 … layer4.
constexpr size_t kFeatureGroups[] = {1, 2, 4, 6};

size_t add_block(Layers& layers, const std::string& sequence, size_t from, const Group& group, int64_t stride,
                 const Operation& relu) {
  const int64_t in = layers.channels(from);
  const size_t at =
      layers.sequence(sequence, from,
                      {layers.convolution(in * group.expansion, 1), BatchNorm{}, relu, layers.depthwise(3, stride),
                       BatchNorm{}, relu, layers.convolution(group.channels, 1), BatchNorm{}});
  if (stride != 1 || in != group.channels) return at;
  return layers.add(sequence + ".add", Add{}, {from, at});
}

/// `name(group, block)` gives the module that holds a block's layers.
template <class Name>
size_t add_groups(Layers& layers, size_t at, const std::vector<Group>& groups, const Operation& relu,
                  const Name& name) {
  int feature = 1;
  for (size_t i = 0; i < groups.size(); ++i) {
    for (int64_t block = 0; block < groups[i].blocks; ++block)
      at = add_block(layers, name(i, block), at, groups[i], block == 0 ? groups[i].stride : 1, relu);
    if (std::find(std::begin(kFeatureGroups), std::end(kFeatureGroups), i) != std::end(kFeatureGroups))
      layers.feature(fmt::format("layer{}", feature++), at);
  }
  return at;
}

struct MobileNetV2Options {
  double width = 0.5;
  int64_t expansion = 6;
  void bind(Fields& fields) {
    fields.number("width", width, between(0.1, 4), "channels as a multiple of the paper's");
    fields.integer("expansion", expansion, between(1, 16), "how much a block widens its input");
  }
};

std::unique_ptr<Graph> make_mobilenetv2(const MobileNetV2Options& options, const TaskShape& task) {
  Layers layers(task, {.initial = Initial::kaiming_normal, .classifier = Initial::small_normal});
  const int64_t t = options.expansion;
  std::vector<Group> groups = {{1, 16, 1, 1}, {t, 24, 2, 1},  {t, 32, 3, 2}, {t, 64, 4, 2},
                               {t, 96, 3, 1}, {t, 160, 3, 2}, {t, 320, 1, 1}};
  const auto scaled = [&](int64_t channels) {
    return static_cast<int64_t>(static_cast<double>(channels) * options.width);
  };
  for (Group& group : groups) group.channels = scaled(group.channels);
  size_t at = layers.sequence("conv1", Graph::kInput, {layers.convolution(scaled(32), 3, 2), BatchNorm{}, Relu{}});
  layers.feature("stem", at);
  at = add_groups(layers, at, groups, Relu{},
                  [](size_t group, int64_t block) { return fmt::format("blocks.{}.{}.conv", group, block); });
  at = layers.sequence("conv2", at,
                       {layers.convolution(options.width > 1 ? scaled(1280) : 1280, 1), BatchNorm{}, Relu{}});
  return layers.classify(at, "classifier.0");
}

std::unique_ptr<Graph> make_tfkd_mobilenetv2(const NoOptions&, const TaskShape& task) {
  Layers layers(task, {.bias = true});
  const std::vector<Group> groups = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                                     {6, 96, 3, 1}, {6, 160, 3, 1}, {6, 320, 1, 1}};
  Convolution stem = layers.convolution(32, 1);
  stem.padding = 1;
  size_t at = layers.sequence("pre", Graph::kInput, {stem, BatchNorm{}, Relu6{}});
  layers.feature("stem", at);
  at = add_groups(layers, at, groups, Relu6{}, [&](size_t group, int64_t block) {
    return groups[group].blocks == 1 ? fmt::format("stage{}.residual", group + 1)
                                     : fmt::format("stage{}.{}.residual", group + 1, block);
  });
  at = layers.sequence("conv1", at, {layers.convolution(1280, 1), BatchNorm{}, Relu6{}});
  layers.chain("", at,
               {{"pool", GlobalAveragePool{.flat = false}},
                {"conv2", layers.convolution(layers.classes(), 1)},
                {"flatten", Flatten{}}});
  return layers.take();
}

}  // namespace

void register_mobilenetv2(Catalogue& catalogue) {
  catalogue.add<Graph, MobileNetV2Options, const TaskShape&>(
      Slot::network,
      {.name = "mobilenetv2",
       .summary = "Inverted residuals of depthwise convolutions, by default half as wide as published: a student for "
                  "small images.",
       .formula = "block: x + W_3 max(D max(W_1 x, 0), 0), D one filter per channel",
       .source = "Sandler et al. 2018; this form: Tian et al. 2020",
       .principal = "width"},
      make_mobilenetv2);
  catalogue.add<Graph, NoOptions, const TaskShape&>(
      Slot::network,
      {.name = "tfkd_mobilenetv2",
       .summary = "MobileNetV2 as Yuan et al. train it: full width, ReLU6, a 1x1 stem and later strides of 1.",
       .source = "Sandler et al. 2018; this form: Yuan et al. 2019"},
      make_tfkd_mobilenetv2);
}

}  // namespace limbeck
