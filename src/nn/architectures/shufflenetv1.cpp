// ShuffleNet (Zhang et al. 2017): blocks of grouped 1×1 convolutions, whose channels are shuffled between the groups. A
// block that halves the image puts its pooled input beside its output instead of adding it. In the form of Tian et al.
// 2020 for small images: a 1×1 stem without pooling. Modules are named as in their repository.
#include "limbeck/layers.h"
#include "recipe/catalogue.h"

namespace limbeck {
namespace {

constexpr int64_t kConvolutionGroups = 3;
constexpr int64_t kStemChannels = 24;

size_t add_block(Layers& layers, const std::string& prefix, size_t from, int64_t out, int64_t stride) {
  const int64_t in = layers.channels(from), middle = out / 4;
  const int64_t groups = in == kStemChannels ? 1 : kConvolutionGroups;  // so few channels are not divided
  const size_t at = layers.chain(prefix, from,
                                 {{"conv1", layers.convolution(middle, 1, 1, groups)},
                                  {"bn1", BatchNorm{}},
                                  {"relu1", Relu{}},
                                  {"shuffle1", ChannelShuffle{groups}},
                                  {"conv2", layers.depthwise(3, stride)},
                                  {"bn2", BatchNorm{}},
                                  {"relu2", Relu{}},
                                  {"conv3", layers.convolution(out, 1, 1, kConvolutionGroups)},
                                  {"bn3", BatchNorm{}}});
  size_t joined = 0;
  if (stride == 1) {
    joined = layers.add(prefix + "add", Add{}, {at, from});
  } else {
    const size_t shortcut =
        layers.sequence(prefix + "shortcut", from, {AveragePool{.kernel = 3, .stride = 2, .padding = 1}});
    joined = layers.add(prefix + "concatenate", Concatenate{}, {at, shortcut});
  }
  return layers.add(prefix + "relu3", Relu{}, joined);
}

std::unique_ptr<Graph> make_shufflenetv1(const NoOptions&, const TaskShape& task) {
  struct Stage {
    int64_t channels, blocks;
  };
  const std::vector<Stage> stages = {{240, 4}, {480, 8}, {960, 4}};
  Layers layers(task);
  size_t at = layers.chain("", Graph::kInput,
                           {{"conv1", layers.convolution(kStemChannels, 1)}, {"bn1", BatchNorm{}}, {"relu", Relu{}}});
  layers.feature("stem", at);
  for (size_t i = 0; i < stages.size(); ++i) {
    const std::string name = fmt::format("layer{}", i + 1);
    for (int64_t block = 0; block < stages[i].blocks; ++block) {
      const bool halves = block == 0;
      const int64_t beside = halves ? layers.channels(at) : 0;
      at = add_block(layers, fmt::format("{}.{}.", name, block), at, stages[i].channels - beside, halves ? 2 : 1);
    }
    layers.feature(name, at);
  }
  return layers.classify(at, "linear");
}

}  // namespace

void register_shufflenetv1(Catalogue& catalogue) {
  catalogue.add<Graph, NoOptions, const TaskShape&>(
      Slot::network,
      {.name = "shufflenetv1",
       .summary = "Grouped 1x1 convolutions with shuffled channels, 3 groups, for small images.",
       .source = "Zhang et al. 2017; this form: Tian et al. 2020"},
      make_shufflenetv1);
}

}  // namespace limbeck
