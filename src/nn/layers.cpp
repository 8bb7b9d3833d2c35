#include "limbeck/layers.h"
#include "core/error.h"

namespace limbeck {
namespace {

/// Fills in what follows from the input of a node.
void complete(Operation& operation, int64_t channels) {
  if (auto* linear = std::get_if<Linear>(&operation)) linear->in = channels;
  if (auto* norm = std::get_if<BatchNorm>(&operation)) norm->channels = channels;
  auto* convolution = std::get_if<Convolution>(&operation);
  if (convolution == nullptr) return;
  convolution->in = channels;
  if (convolution->out == 0) convolution->out = convolution->groups = channels;
}

}  // namespace

Layers::Layers(const TaskShape& task, const LayerStyle& style)
    : graph_(std::make_unique<Graph>(task.input)), classes_(task.classes), style_(style) {
  if (task.input.size() != 3)
    throw Error(ErrorKind::usage, fmt::format("the network takes images [channels, height, width], got inputs of {}",
                                              to_text(task.input)));
  if (task.input[1] < style.least_pixels || task.input[2] < style.least_pixels)
    throw Error(ErrorKind::usage, fmt::format("the network takes images of at least {0}x{0} pixels, got {1}x{2}",
                                              style.least_pixels, task.input[1], task.input[2]));
}

Convolution Layers::convolution(int64_t out, int64_t kernel, int64_t stride, int64_t groups) const {
  return {.out = out,
          .kernel = kernel,
          .stride = stride,
          .padding = kernel / 2,
          .groups = groups,
          .bias = style_.bias,
          .initial = style_.initial};
}

Convolution Layers::depthwise(int64_t kernel, int64_t stride) const {
  return convolution(0, kernel, stride);
}

size_t Layers::add(const std::string& name, Operation operation, std::vector<size_t> from) {
  complete(operation, channels(from.front()));
  return graph_->add(name, std::move(operation), std::move(from));
}

size_t Layers::chain(const std::string& prefix, size_t from, std::initializer_list<Named> operations) {
  for (const auto& [name, operation] : operations) from = add(prefix + name, operation, from);
  return from;
}

size_t Layers::sequence(const std::string& name, size_t from, const std::vector<Operation>& operations) {
  for (size_t i = 0; i < operations.size(); ++i) from = add(fmt::format("{}.{}", name, i), operations[i], from);
  return from;
}

std::unique_ptr<Graph> Layers::classify(size_t from, const std::string& name) {
  from = add("pool", GlobalAveragePool{}, from);
  add(name, Linear{.out = classes_, .initial = style_.classifier}, from);
  return take();
}

}  // namespace limbeck
