// ShuffleNet V2 (Ma et al. 2018): a block leaves half of the channels as they are, transforms the other half, puts them
// side by side and shuffles; a block that halves the image transforms both.
//
// shufflenetv2       for small images as in Tian et al. 2020: a 1×1 stem without pooling
// tfkd_shufflenetv2  the one of Yuan et al. 2019: a 3×3 stem without ReLU, biases, and the first block of a stage
// widens last Modules are named as in these authors' repositories.
#include "limbeck/layers.h"
#include "recipe/catalogue.h"

namespace limbeck {
namespace {

struct Widths {
  int64_t stages[3];
  int64_t last;
};

/// Table 5 of the paper.
const std::vector<std::pair<std::string, Widths>> kSizes = {{"0.5", {{48, 96, 192}, 1024}},
                                                            {"1", {{116, 232, 464}, 1024}},
                                                            {"1.5", {{176, 352, 704}, 1024}},
                                                            {"2", {{244, 488, 976}, 2048}}};

/// Units of each stage after the one that halves the image.
constexpr int64_t kUnits[] = {3, 7, 3};

struct ShuffleNetV2Options {
  std::string size = "1";
  void bind(Fields& fields) {
    std::vector<std::string> names;
    for (const auto& [name, widths] : kSizes) names.push_back(name);
    fields.choice_of("size", size, names, "channels, as the paper's table names them");
  }
  const Widths& widths() const {
    for (const auto& [name, widths] : kSizes)
      if (name == size) return widths;
    throw Error(fmt::format("there is no ShuffleNet V2 of size '{}'", size));
  }
};

size_t join(Layers& layers, const std::string& prefix, size_t left, size_t right) {
  return layers.chain(prefix, layers.add(prefix + "concatenate", Concatenate{}, {left, right}),
                      {{"shuffle", ChannelShuffle{2}}});
}

struct Halves {
  size_t kept, other;
};

Halves split(Layers& layers, const std::string& prefix, size_t from) {
  const int64_t channels = layers.channels(from), half = channels / 2;
  return {layers.add(prefix + "split1", Slice{0, half}, from),
          layers.add(prefix + "split2", Slice{half, channels}, from)};
}

size_t add_unit(Layers& layers, const std::string& prefix, size_t from) {
  const Halves halves = split(layers, prefix, from);
  const int64_t half = layers.channels(halves.other);
  const size_t at = layers.chain(prefix, halves.other,
                                 {{"conv1", layers.convolution(half, 1)},
                                  {"bn1", BatchNorm{}},
                                  {"relu1", Relu{}},
                                  {"conv2", layers.depthwise(3, 1)},
                                  {"bn2", BatchNorm{}},
                                  {"conv3", layers.convolution(half, 1)},
                                  {"bn3", BatchNorm{}},
                                  {"relu3", Relu{}}});
  return join(layers, prefix, halves.kept, at);
}

size_t add_halving_unit(Layers& layers, const std::string& prefix, size_t from, int64_t out) {
  const int64_t half = out / 2;
  const size_t left = layers.chain(prefix, from,
                                   {{"conv1", layers.depthwise(3, 2)},
                                    {"bn1", BatchNorm{}},
                                    {"conv2", layers.convolution(half, 1)},
                                    {"bn2", BatchNorm{}},
                                    {"relu2", Relu{}}});
  const size_t right = layers.chain(prefix, from,
                                    {{"conv3", layers.convolution(half, 1)},
                                     {"bn3", BatchNorm{}},
                                     {"relu3", Relu{}},
                                     {"conv4", layers.depthwise(3, 2)},
                                     {"bn4", BatchNorm{}},
                                     {"conv5", layers.convolution(half, 1)},
                                     {"bn5", BatchNorm{}},
                                     {"relu5", Relu{}}});
  return join(layers, prefix, left, right);
}

std::unique_ptr<Graph> make_shufflenetv2(const ShuffleNetV2Options& options, const TaskShape& task) {
  const Widths& widths = options.widths();
  Layers layers(task);
  size_t at =
      layers.chain("", Graph::kInput, {{"conv1", layers.convolution(24, 1)}, {"bn1", BatchNorm{}}, {"relu1", Relu{}}});
  layers.feature("stem", at);
  for (size_t stage = 0; stage < 3; ++stage) {
    const std::string name = fmt::format("layer{}", stage + 1);
    at = add_halving_unit(layers, name + ".0.", at, widths.stages[stage]);
    for (int64_t unit = 1; unit <= kUnits[stage]; ++unit) at = add_unit(layers, fmt::format("{}.{}.", name, unit), at);
    layers.feature(name, at);
  }
  at = layers.chain("", at, {{"conv2", layers.convolution(widths.last, 1)}, {"bn2", BatchNorm{}}, {"relu2", Relu{}}});
  return layers.classify(at, "linear");
}

/// `out`: channels of the two 1×1 convolutions' results together.
size_t add_tfkd_unit(Layers& layers, const std::string& prefix, size_t from, int64_t out, bool halves_image) {
  const int64_t half = out / 2, stride = halves_image ? 2 : 1;
  size_t kept = from, other = from;
  if (halves_image) {
    kept = layers.sequence(prefix + "shortcut", from,
                           {layers.depthwise(3, 2), BatchNorm{}, layers.convolution(half, 1), BatchNorm{}, Relu{}});
  } else {
    const Halves parts = split(layers, prefix, from);
    kept = parts.kept;
    other = parts.other;
  }
  other = layers.sequence(prefix + "residual", other,
                          {layers.convolution(layers.channels(other), 1), BatchNorm{}, Relu{},
                           layers.depthwise(3, stride), BatchNorm{}, layers.convolution(half, 1), BatchNorm{}, Relu{}});
  return join(layers, prefix, kept, other);
}

std::unique_ptr<Graph> make_tfkd_shufflenetv2(const ShuffleNetV2Options& options, const TaskShape& task) {
  const Widths& widths = options.widths();
  Layers layers(task, {.bias = true});
  size_t at = layers.sequence("pre", Graph::kInput, {layers.convolution(24, 3), BatchNorm{}});
  layers.feature("stem", at);
  for (size_t stage = 0; stage < 3; ++stage) {
    for (int64_t unit = 0; unit <= kUnits[stage]; ++unit)
      at = add_tfkd_unit(layers, fmt::format("stage{}.{}.", stage + 2, unit), at, widths.stages[stage], unit == 0);
    layers.feature(fmt::format("layer{}", stage + 1), at);
  }
  at = layers.sequence("conv5", at, {layers.convolution(widths.last, 1), BatchNorm{}, Relu{}});
  return layers.classify(at, "fc");
}

}  // namespace

void register_shufflenetv2(Catalogue& catalogue) {
  catalogue.add<Graph, ShuffleNetV2Options, const TaskShape&>(
      Slot::network,
      {.name = "shufflenetv2",
       .summary = "Blocks that transform half of the channels and shuffle, for small images.",
       .source = "Ma et al. 2018; this form: Tian et al. 2020",
       .principal = "size"},
      make_shufflenetv2);
  catalogue.add<Graph, ShuffleNetV2Options, const TaskShape&>(
      Slot::network,
      {.name = "tfkd_shufflenetv2",
       .summary = "ShuffleNet V2 as Yuan et al. train it: a 3x3 stem, and biases.",
       .source = "Ma et al. 2018; this form: Yuan et al. 2019",
       .principal = "size"},
      make_tfkd_shufflenetv2);
}

}  // namespace limbeck
