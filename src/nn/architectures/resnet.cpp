// Residual networks (He et al. 2015): a block computes max(f(x) + x, 0), where x goes through a 1×1 convolution if its
// shape changes.
//
// For small images (their section 4.2): depth 6n + 2, three groups of n blocks of two 3×3 convolutions. The variants of
// width 4 (resnet8x4, resnet32x4) are those of Tian et al. 2020 ("Contrastive Representation Distillation"), whose
// table of CIFAR-100 pairs the distillation literature compares with. Modules are named as in their repository. For
// large images (table 1): four groups; modules are named as in torchvision. On images below 64 pixels the 7×7
// convolution of stride 2 and the pooling after it give way to one 3×3 convolution, as the CIFAR-100 repositories do.
#include "limbeck/layers.h"
#include "recipe/catalogue.h"

namespace limbeck {
namespace {

enum class Stem { automatic, cifar, imagenet };
enum class Block { basic, bottleneck };

struct ResnetPlan {
  Block block = Block::basic;
  int64_t stem = 64;            ///< channels
  std::vector<int64_t> groups;  ///< blocks of each
  std::vector<int64_t> widths;  ///< channels of each
};

size_t add_block(Layers& layers, const std::string& prefix, size_t from, Block block, int64_t width, int64_t stride) {
  size_t at = 0;
  if (block == Block::basic) {
    at = layers.chain(prefix, from,
                      {{"conv1", layers.convolution(width, 3, stride)},
                       {"bn1", BatchNorm{}},
                       {"relu1", Relu{}},
                       {"conv2", layers.convolution(width, 3)},
                       {"bn2", BatchNorm{}}});
  } else {
    at = layers.chain(prefix, from,
                      {{"conv1", layers.convolution(width, 1)},
                       {"bn1", BatchNorm{}},
                       {"relu1", Relu{}},
                       {"conv2", layers.convolution(width, 3, stride)},
                       {"bn2", BatchNorm{}},
                       {"relu2", Relu{}},
                       {"conv3", layers.convolution(4 * width, 1)},
                       {"bn3", BatchNorm{}}});
  }
  const int64_t out = layers.channels(at);
  size_t shortcut = from;
  if (stride != 1 || layers.channels(from) != out)
    shortcut = layers.sequence(prefix + "downsample", from, {layers.convolution(out, 1, stride), BatchNorm{}});
  at = layers.add(prefix + "add", Add{}, {at, shortcut});
  return layers.add(prefix + "relu", Relu{}, at);
}

size_t add_stem(Layers& layers, const ResnetPlan& plan, Stem stem) {
  const bool large = stem == Stem::imagenet;
  const Convolution convolution = large ? layers.convolution(plan.stem, 7, 2) : layers.convolution(plan.stem, 3);
  size_t at = layers.chain("", Graph::kInput, {{"conv1", convolution}, {"bn1", BatchNorm{}}, {"relu", Relu{}}});
  if (large) at = layers.add("maxpool", MaxPool{.kernel = 3, .stride = 2, .padding = 1}, at);
  layers.feature("stem", at);
  return at;
}

std::unique_ptr<Graph> make(const ResnetPlan& plan, Stem stem, const TaskShape& task) {
  Layers layers(task, {.initial = Initial::kaiming_normal});
  size_t at = add_stem(layers, plan, stem);
  for (size_t group = 0; group < plan.groups.size(); ++group) {
    const std::string name = fmt::format("layer{}", group + 1);
    for (int64_t i = 0; i < plan.groups[group]; ++i) {
      const int64_t stride = group > 0 && i == 0 ? 2 : 1;
      at = add_block(layers, fmt::format("{}.{}.", name, i), at, plan.block, plan.widths[group], stride);
    }
    layers.feature(name, at);
  }
  return layers.classify(at, "fc");
}

struct SmallOptions {
  int64_t depth = 20;
  int64_t width = 1;
  void bind(Fields& fields) {
    fields.integer("depth", depth, between(8, 1202), "layers, 6n + 2 for n blocks in each of the three groups");
    fields.require((depth - 2) % 6 == 0, fmt::format("depth is {}; expected 6n + 2, such as 8, 20, 56 or 110", depth));
    fields.integer("width", width, between(1, 16), "channels as a multiple of 16, 32 and 64");
  }
};

std::unique_ptr<Graph> make_small(const SmallOptions& options, const TaskShape& task) {
  const int64_t blocks = (options.depth - 2) / 6, width = options.width;
  const ResnetPlan plan{.stem = width == 1 ? 16 : 8 * width,
                        .groups = {blocks, blocks, blocks},
                        .widths = {16 * width, 32 * width, 64 * width}};
  return make(plan, Stem::cifar, task);
}

struct LargeOptions {
  Stem stem = Stem::automatic;
  void bind(Fields& fields) {
    fields.choice<Stem>(
        "stem", stem, {{"auto", Stem::automatic}, {"cifar", Stem::cifar}, {"imagenet", Stem::imagenet}},
        "cifar: a 3x3 convolution; imagenet: 7x7 of stride 2, and pooling; auto: cifar below 64 pixels");
  }
};

std::unique_ptr<Graph> make_large(const ResnetPlan& plan, Stem stem, const TaskShape& task) {
  if (stem == Stem::automatic) stem = task.input.size() == 3 && task.input[1] < 64 ? Stem::cifar : Stem::imagenet;
  return make(plan, stem, task);
}

void add_small(Catalogue& catalogue, const std::string& name, const SmallOptions& options) {
  catalogue.add<Graph, NoOptions, const TaskShape&>(
      Slot::network,
      {.name = name,
       .summary = fmt::format("The residual network of depth {} for small images{}.", options.depth,
                              options.width > 1 ? fmt::format(", {} times as wide", options.width) : ""),
       .source = options.width > 1 ? "Tian et al. 2020" : "He et al. 2015, section 4.2"},
      [options](const NoOptions&, const TaskShape& task) { return make_small(options, task); });
}

void add_large(Catalogue& catalogue, const std::string& name, const ResnetPlan& plan) {
  catalogue.add<Graph, LargeOptions, const TaskShape&>(
      Slot::network,
      {.name = name,
       .summary = "A residual network of four groups; torchvision's weights load into it.",
       .source = "He et al. 2015, table 1",
       .principal = "stem"},
      [plan](const LargeOptions& options, const TaskShape& task) { return make_large(plan, options.stem, task); });
}

}  // namespace

void register_resnet(Catalogue& catalogue) {
  catalogue.add<Graph, SmallOptions, const TaskShape&>(
      Slot::network,
      {.name = "resnet",
       .summary = "Residual networks for small images: three groups of blocks of two 3x3 convolutions.",
       .formula = "block: max(W_2 max(W_1 x, 0) + x, 0), each product with batch norm",
       .source = "He et al. 2015, section 4.2; width 4: Tian et al. 2020",
       .principal = "depth"},
      make_small);
  for (const int64_t depth : {8, 14, 20, 32, 44, 56, 110})
    add_small(catalogue, fmt::format("resnet{}", depth), {.depth = depth});
  for (const int64_t depth : {8, 32})
    add_small(catalogue, fmt::format("resnet{}x4", depth), {.depth = depth, .width = 4});
  const std::vector<int64_t> widths = {64, 128, 256, 512};
  add_large(catalogue, "resnet18", {.groups = {2, 2, 2, 2}, .widths = widths});
  add_large(catalogue, "resnet34", {.groups = {3, 4, 6, 3}, .widths = widths});
  add_large(catalogue, "resnet50", {.block = Block::bottleneck, .groups = {3, 4, 6, 3}, .widths = widths});
}

}  // namespace limbeck
