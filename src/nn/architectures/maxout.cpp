// Maxout networks (Goodfellow, Warde-Farley, Mirza, Courville, Bengio, "Maxout Networks", ICML 2013, arXiv 1302.4389)
// and the thin deep students of FitNets (Romero et al. 2015): convolutions, each followed by the largest of a few
// pieces and by pooling, then fully connected maxout layers, then a linear classifier.
//   h_c = pool(max over p of (W_pc * x + b_pc))
// The published networks are those of the FitNets paper (its appendix A) and repository, which take their teachers from
// pylearn2's scripts/papers/maxout: two pieces a channel, one bias a channel ("tied"), windows of a pooling that may
// extend beyond the border. The paper prints 361K and 30K parameters for MNIST, which these have, and 9M and 2.5M for
// CIFAR-10, which would be two pieces in the fully connected layer; its text says five, and so it is here
// (16.2M, 2.7M).
//   networks: { teacher: maxout_mnist, student: fitnet_mnist }
#include <algorithm>

#include "limbeck/layers.h"
#include "recipe/catalogue.h"

namespace limbeck {
namespace {

struct MaxoutOptions {
  std::vector<int64_t> channels = {48, 48, 24};
  std::vector<int64_t> kernels = {8, 8, 5};
  std::vector<int64_t> padding = {0, 3, 3};
  std::vector<int64_t> windows = {4, 4, 2};
  std::vector<int64_t> strides = {2, 2, 2};
  int64_t pieces = 2;
  std::vector<int64_t> hidden;
  int64_t hidden_pieces = 5;
  double input_dropout = 0;
  double hidden_dropout = 0;

  void bind(Fields& fields) {
    const Length some{.least = 1};
    fields.integers("channels", channels, between(1, 1e5), some, "output channels of each convolution, after maxout");
    fields.integers("kernels", kernels, between(1, 31), some,
                    "height and width of each convolution's filters; one number: of all");
    fields.integers("padding", padding, between(0, 15), some, "zero padding of each convolution; one number: of all");
    fields.begin_group("pool", "the largest value of each window, after each convolution");
    fields.integers("windows", windows, between(1, 31), some,
                    "height and width of the window after each convolution; one number: of all; 1: no pooling");
    fields.integers("strides", strides, between(1, 31), some, "step from one window to the next; one number: of all");
    fields.end_group();
    fields.integer("pieces", pieces, between(1, 100), "pieces of each channel of a convolution");
    fields.integers("hidden", hidden, between(1, 1e6), "units of each fully connected maxout layer after these");
    fields.integer("hidden_pieces", hidden_pieces, between(1, 100), "pieces of each of these units");
    bind_dropout(fields);
    for (const auto& [key, numbers] : {std::pair{"kernels", &kernels}, std::pair{"padding", &padding},
                                       std::pair{"pool.windows", &windows}, std::pair{"pool.strides", &strides}})
      fields.require(numbers->size() == 1 || numbers->size() == channels.size(),
                     fmt::format("{} has {} values, given or by default, for {} convolutions; expected a value for "
                                 "each, or a single one",
                                 key, numbers->size(), channels.size()));
  }

  void bind_dropout(Fields& fields) {
    fields.begin_group("dropout", "probability of setting a value to 0 in training");
    fields.number("input", input_dropout, from_below(0, 1), "probability of dropping an input");
    fields.number("hidden", hidden_dropout, from_below(0, 1), "probability of dropping an output of a maxout layer");
    fields.end_group();
  }
};

/// Options of the networks whose layers are in their names.
struct NamedMaxoutOptions {
  MaxoutOptions layers;
  void bind(Fields& fields) { layers.bind_dropout(fields); }
};

int64_t of_layer(const std::vector<int64_t>& numbers, size_t layer) {
  return numbers.size() == 1 ? numbers.front() : numbers.at(layer);
}

/// Smallest height and width of an image for which every window fits.
int64_t least_pixels(const MaxoutOptions& options) {
  int64_t pixels = 1;
  for (size_t i = options.channels.size(); i-- > 0;) {
    const int64_t window = of_layer(options.windows, i), stride = of_layer(options.strides, i);
    if (pixels > 1)  // the last window extends beyond the border, but starts inside
      pixels = std::max((pixels - 2) * stride + window, (pixels - 1) * stride) + 1;
    pixels = std::max(pixels, window) + of_layer(options.kernels, i) - 1 - 2 * of_layer(options.padding, i);
    pixels = std::max<int64_t>(pixels, 1);
  }
  return pixels;
}

std::unique_ptr<Graph> make_maxout(const MaxoutOptions& options, const TaskShape& task) {
  Layers layers(task, {.least_pixels = least_pixels(options)});
  size_t at = Graph::kInput, number = 0;  // of layers so far
  const auto drop = [&] {
    const double probability = number == 0 ? options.input_dropout : options.hidden_dropout;
    if (probability > 0) at = layers.add(fmt::format("drop{}", number), Dropout{probability}, at);
    ++number;
  };
  for (size_t i = 0; i < options.channels.size(); ++i) {
    drop();
    const Convolution convolution{.out = options.channels[i] * options.pieces,
                                  .kernel = of_layer(options.kernels, i),
                                  .padding = of_layer(options.padding, i),
                                  .bias = true};
    at = layers.add(fmt::format("conv{}", number), convolution, at);
    at = layers.add(fmt::format("maxout{}", number), Maxout{options.pieces}, at);
    const MaxPool pool{.kernel = of_layer(options.windows, i), .stride = of_layer(options.strides, i), .ceil = true};
    if (pool.kernel > 1 || pool.stride > 1) at = layers.add(fmt::format("pool{}", number), pool, at);
    layers.feature(fmt::format("layer{}", number), at);
  }
  at = layers.add("flatten", Flatten{}, at);
  for (const int64_t units : options.hidden) {
    drop();
    at = layers.add(fmt::format("fc{}", number), Linear{.out = units * options.hidden_pieces}, at);
    at = layers.add(fmt::format("maxout{}", number), Maxout{options.hidden_pieces}, at);
    layers.feature(fmt::format("layer{}", number), at);
  }
  layers.feature("pool", at);
  drop();
  layers.add("classifier", Linear{.out = layers.classes()}, at);
  return layers.take();
}

struct PublishedMaxout {
  const char* name;
  const char* summary;
  const char* source;
  MaxoutOptions options;
};

}  // namespace

void register_maxout(Catalogue& catalogue) {
  catalogue.add<Graph, MaxoutOptions, const TaskShape&>(
      Slot::network,
      {.name = "maxout",
       .summary = "Convolutions and fully connected layers, each output the largest of a few linear pieces.",
       .formula = "h_c = pool(max over p of (W_pc * x + b_pc))",
       .source = "Goodfellow et al. 2013"},
      make_maxout);
  const std::vector<PublishedMaxout> published = {
      {"maxout_mnist", "The maxout network for MNIST that teaches in FitNets: three convolutions.",
       "Romero et al. 2015, appendix A.2; after Goodfellow et al. 2013", MaxoutOptions{}},
      {"maxout_cifar10",
       "The maxout network for CIFAR-10 that teaches in FitNets: three convolutions and a fully connected "
       "maxout layer.",
       "Romero et al. 2015, appendix A.1; after Goodfellow et al. 2013",
       {.channels = {96, 192, 192}, .padding = {4, 3, 3}, .hidden = {500}}},
      {"fitnet_mnist",
       "The thin deep student of FitNets for MNIST: six convolutions.",
       "Romero et al. 2015, appendix A.2",
       {.channels = {16, 16, 16, 16, 12, 12},
        .kernels = {5, 3, 5, 3, 3, 3},
        .padding = {0, 0, 3, 0, 3, 0},
        .windows = {1, 4, 1, 4, 1, 2},
        .strides = {1, 2, 1, 2, 1, 2}}},
      {"fitnet_cifar10",
       "The deepest thin student of FitNets for CIFAR-10: 17 convolutions and a fully connected "
       "maxout layer.",
       "Romero et al. 2015, FitNet 4",
       {.channels = {32, 32, 32, 48, 48, 80, 80, 80, 80, 80, 80, 128, 128, 128, 128, 128, 128},
        .kernels = {3},
        .padding = {1},
        .windows = {1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 8},
        .strides = {1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1},
        .hidden = {500}}}};
  for (const PublishedMaxout& network : published)
    catalogue.add<Graph, NamedMaxoutOptions, const TaskShape&>(
        Slot::network, {.name = network.name, .summary = network.summary, .source = network.source},
        [published = network.options](const NamedMaxoutOptions& options, const TaskShape& task) {
          MaxoutOptions all = published;
          all.input_dropout = options.layers.input_dropout;
          all.hidden_dropout = options.layers.hidden_dropout;
          return make_maxout(all, task);
        });
}

}  // namespace limbeck
