// The shallow mimic student of Ba and Caruana 2014 on CIFAR-10, 128c-p-1200L-30k: one convolution and its pooling, and
// one wide hidden layer behind a linear bottleneck. Kernels and windows are derived from the sizes that the paper
// gives: 5×5, and 3×3 of stride 2, which leaves 15×15 of 32×32.
#include "limbeck/layers.h"
#include "recipe/catalogue.h"

namespace limbeck {
namespace {

struct ShallowOptions {
  int64_t channels = 128;
  int64_t kernel = 5;
  bool relu = true;
  int64_t pool_window = 3;
  int64_t pool_stride = 2;
  int64_t bottleneck = 1200;
  int64_t hidden = 30000;

  void bind(Fields& fields) {
    fields.integer("channels", channels, between(1, 1e5), "filters of the convolution");
    fields.integer("kernel", kernel, between(1, 31), "height and width of a filter, odd");
    fields.require(kernel % 2 == 1, fmt::format("kernel is {}; expected an odd number", kernel));
    fields.flag("relu", relu, "whether the convolution has a ReLU");
    fields.begin_group("pool", "the largest value of each window");
    fields.integer("window", pool_window, between(1, 31), "height and width");
    fields.integer("stride", pool_stride, between(1, 31), "from window to window");
    fields.end_group();
    fields.integer("bottleneck", bottleneck, between(0, 1e6), "linear units before the hidden layer; 0: none");
    fields.integer("hidden", hidden, between(1, 1e7), "units of the hidden layer");
  }
};

std::unique_ptr<Graph> make_shallow_cnn(const ShallowOptions& options, const TaskShape& task) {
  Layers layers(task, {.bias = true, .least_pixels = options.pool_window});
  size_t at = layers.add("conv1", layers.convolution(options.channels, options.kernel), Graph::kInput);
  if (options.relu) at = layers.add("relu1", Relu{}, at);
  at = layers.add("pool1", MaxPool{.kernel = options.pool_window, .stride = options.pool_stride}, at);
  layers.feature("layer1", at);
  at = layers.add("flatten", Flatten{}, at);
  if (options.bottleneck > 0) at = layers.add("bottleneck", Linear{.out = options.bottleneck, .bias = false}, at);
  at = layers.chain("", at, {{"fc1", Linear{.out = options.hidden}}, {"relu2", Relu{}}});
  layers.feature("pool", at);
  layers.add("fc2", Linear{.out = layers.classes()}, at);
  return layers.take();
}

}  // namespace

void register_shallow_cnn(Catalogue& catalogue) {
  catalogue.add<Graph, ShallowOptions, const TaskShape&>(
      Slot::network,
      {.name = "shallow_cnn",
       .summary = "One convolution, and one wide hidden layer behind a linear bottleneck: a shallow student that "
                  "mimics deep networks.",
       .formula = "logits = W max(U V pool(max(K * x, 0)), 0)",
       .source = "Ba and Caruana 2014, table 2",
       .principal = "hidden"},
      make_shallow_cnn);
}

}  // namespace limbeck
