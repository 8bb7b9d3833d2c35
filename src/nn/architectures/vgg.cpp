// VGG networks (Simonyan, Zisserman 2014) with batch norm, in the form that the CIFAR-100 distillation literature uses:
// five blocks of 3×3 convolutions, the mean of each channel, one linear layer. Images below 64 pixels are not halved
// before the last block. vgg8 and the names of modules are those of Tian et al. 2020.
#include "limbeck/layers.h"
#include "recipe/catalogue.h"

namespace limbeck {
namespace {

constexpr int64_t kWidths[] = {64, 128, 256, 512, 512};

/// Convolutions in each of the five blocks.
using Depths = std::vector<int64_t>;

std::unique_ptr<Graph> make_vgg(const Depths& depths, const TaskShape& task) {
  Layers layers(
      task, {.initial = Initial::kaiming_normal, .bias = true, .classifier = Initial::small_normal, .least_pixels = 8});
  const bool large = task.input[1] >= 64 && task.input[2] >= 64;
  size_t at = Graph::kInput;
  for (size_t block = 0; block < depths.size(); ++block) {
    std::vector<Operation> operations;
    for (int64_t i = 0; i < depths[block]; ++i)
      operations.insert(operations.end(), {layers.convolution(kWidths[block], 3), BatchNorm{}, Relu{}});
    at = layers.sequence(fmt::format("block{}", block), at, operations);
    layers.feature(block == 0 ? "stem" : fmt::format("layer{}", block), at);
    const bool last = block + 1 == depths.size(), before_last = block + 2 == depths.size();
    if (!last && (large || !before_last)) at = layers.add(fmt::format("pool{}", block), MaxPool{}, at);
  }
  return layers.classify(at, "classifier");
}

}  // namespace

void register_vgg(Catalogue& catalogue) {
  const std::vector<std::pair<int64_t, Depths>> published = {
      {8, {1, 1, 1, 1, 1}}, {11, {1, 1, 2, 2, 2}}, {13, {2, 2, 2, 2, 2}}, {16, {2, 2, 3, 3, 3}}, {19, {2, 2, 4, 4, 4}}};
  for (const auto& [layers, depths] : published)
    catalogue.add<Graph, NoOptions, const TaskShape&>(
        Slot::network,
        {.name = fmt::format("vgg{}", layers),
         .summary = fmt::format("The VGG network of {} layers with batch norm and a single linear layer.", layers),
         .source = layers == 8 ? "Tian et al. 2020" : "Simonyan, Zisserman 2014, table 1"},
        [depths](const NoOptions&, const TaskShape& task) { return make_vgg(depths, task); });
}

}  // namespace limbeck
