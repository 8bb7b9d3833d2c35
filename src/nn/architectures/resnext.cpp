// ResNeXt (Xie et al. 2017): residual blocks whose 3×3 convolution is divided into groups. The form for CIFAR of their
// section 5.1: depth 9n + 2, three groups of n blocks; resnext29 with 8 × 64 channels by default, as Yuan et al. 2019
// train it. Modules are named as in the repository that these use (prlz77/ResNeXt.pytorch).
#include "limbeck/layers.h"
#include "recipe/catalogue.h"

namespace limbeck {
namespace {

constexpr int64_t kExpansion = 4;  // channels between blocks over 64, 128 and 256

struct ResNextOptions {
  int64_t cardinality = 8;
  int64_t width = 64;
  void bind(Fields& fields) {
    fields.integer("cardinality", cardinality, between(1, 64), "groups of the 3x3 convolutions");
    fields.integer("width", width, between(1, 1024),
                   "channels of each in the first stage; they double from stage to stage");
  }
};

size_t add_block(Layers& layers, const std::string& prefix, size_t from, const Convolution& grouped, int64_t out) {
  size_t at = layers.chain(prefix, from,
                           {{"conv_reduce", layers.convolution(grouped.out, 1)},
                            {"bn_reduce", BatchNorm{}},
                            {"relu1", Relu{}},
                            {"conv_conv", grouped},
                            {"bn", BatchNorm{}},
                            {"relu2", Relu{}},
                            {"conv_expand", layers.convolution(out, 1)},
                            {"bn_expand", BatchNorm{}}});
  size_t shortcut = from;
  if (layers.channels(from) != out)
    shortcut =
        layers.chain(prefix + "shortcut.", from,
                     {{"shortcut_conv", layers.convolution(out, 1, grouped.stride)}, {"shortcut_bn", BatchNorm{}}});
  at = layers.add(prefix + "add", Add{}, {shortcut, at});
  return layers.add(prefix + "relu3", Relu{}, at);
}

std::unique_ptr<Graph> make_resnext29(const ResNextOptions& options, const TaskShape& task) {
  constexpr int kBlocks = 3;
  Layers layers(task, {.initial = Initial::kaiming_normal});
  size_t at = layers.chain("", Graph::kInput,
                           {{"conv_1_3x3", layers.convolution(64, 3)}, {"bn_1", BatchNorm{}}, {"relu", Relu{}}});
  layers.feature("stem", at);
  for (int stage = 1; stage <= 3; ++stage) {
    const int64_t times = 1 << (stage - 1), inner = options.cardinality * options.width * times;
    for (int block = 0; block < kBlocks; ++block) {
      const Convolution grouped = layers.convolution(inner, 3, stage > 1 && block == 0 ? 2 : 1, options.cardinality);
      at = add_block(layers, fmt::format("stage_{0}.stage_{0}_bottleneck_{1}.", stage, block), at, grouped,
                     64 * times * kExpansion);
    }
    layers.feature(fmt::format("layer{}", stage), at);
  }
  return layers.classify(at, "classifier");
}

}  // namespace

void register_resnext(Catalogue& catalogue) {
  catalogue.add<Graph, ResNextOptions, const TaskShape&>(
      Slot::network,
      {.name = "resnext29",
       .summary = "Residual blocks with grouped 3x3 convolutions, for small images.",
       .formula = "block: max(W_3 max(G max(W_1 x, 0), 0) + x, 0), G in groups, each product with batch norm",
       .source = "Xie et al. 2017, section 5.1"},
      make_resnext29);
}

}  // namespace limbeck
