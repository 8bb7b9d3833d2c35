// The teacher and the student of a well-known distillation example in Keras
// (tripdancer0916/keras-knowledge-distillation, CIFAR-10): blocks of 3×3 convolutions, each block halved by pooling,
// then two linear layers. Every layer but the last has batch norm and leaky ReLU; batch norm and initial weights have
// Keras' defaults (its momentum .99 is .01 in PyTorch's terms).
#include "limbeck/layers.h"
#include "recipe/catalogue.h"

namespace limbeck {
namespace {

struct KerasOptions {
  double dropout = 0.3;
  void bind(Fields& fields) {
    fields.number("dropout", dropout, from_below(0, 1), "probability of dropping a unit after each pooling");
  }
};

struct KerasPlan {
  std::vector<std::vector<int64_t>> blocks;  ///< channels of each convolution
  int64_t hidden;
};

class KerasNetwork {
 public:
  KerasNetwork(const KerasPlan& plan, const KerasOptions& options, const TaskShape& task)
      : plan_(plan),
        options_(options),
        layers_(task,
                {.initial = Initial::glorot_uniform, .bias = true, .least_pixels = int64_t{1} << plan.blocks.size()}) {}

  std::unique_ptr<Graph> make() {
    size_t at = Graph::kInput;
    for (const std::vector<int64_t>& widths : plan_.blocks) at = add_block(at, widths);
    at = layers_.add("flatten", Flatten{}, at);
    at = add_activated("fc1", linear(plan_.hidden), at);
    layers_.feature("pool", at);
    layers_.add("fc2", linear(layers_.classes()), at);
    return layers_.take();
  }

 private:
  static Linear linear(int64_t out) { return {.out = out, .initial = Initial::glorot_uniform}; }

  /// The layer, batch norm and leaky ReLU.
  size_t add_activated(const std::string& name, const Operation& operation, size_t from) {
    const int number = ++activated_;
    from = layers_.add(name, operation, from);
    return layers_.chain("", from,
                         {{fmt::format("bn{}", number), BatchNorm{.epsilon = 1e-3, .momentum = 0.01}},
                          {fmt::format("relu{}", number), LeakyRelu{.slope = 0.1}}});
  }

  size_t add_block(size_t from, const std::vector<int64_t>& widths) {
    for (const int64_t width : widths)
      from = add_activated(fmt::format("conv{}", activated_ + 1), layers_.convolution(width, 3), from);
    const int number = ++block_;
    layers_.feature(fmt::format("layer{}", number), from);
    from = layers_.add(fmt::format("pool{}", number), MaxPool{}, from);
    return options_.dropout > 0 ? layers_.add(fmt::format("drop{}", number), Dropout{options_.dropout}, from) : from;
  }

  KerasPlan plan_;
  KerasOptions options_;
  Layers layers_;
  int activated_ = 0;
  int block_ = 0;
};

void add(Catalogue& catalogue, const std::string& role, const KerasPlan& plan) {
  catalogue.add<Graph, KerasOptions, const TaskShape&>(
      Slot::network,
      {.name = "keras_" + role,
       .summary = fmt::format(
           "The {} of the Keras distillation example: convolutions with leaky ReLU, then two linear layers.", role),
       .source = "tripdancer0916/keras-knowledge-distillation",
       .principal = "dropout"},
      [plan](const KerasOptions& options, const TaskShape& task) { return KerasNetwork(plan, options, task).make(); });
}

}  // namespace

void register_keras(Catalogue& catalogue) {
  add(catalogue, "teacher", {{{64, 64}, {128, 128}, {256, 256, 256}}, 512});
  add(catalogue, "student", {{{32}, {64}, {128, 128}}, 256});
}

}  // namespace limbeck
