#include "nn/network.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "core/nearest.h"
#include "core/random.h"
#include "nn/dropout.h"
#include "nn/fused_linear.h"
#include "nn/products.h"

namespace limbeck {
namespace {

template <class T>
bool is_a(const Node& node) {
  return std::holds_alternative<T>(node.operation);
}

/// Draws the next number of an initial weight.
float draw(Random& random, const ParameterDescription& parameter) {
  const auto fan_in = static_cast<float>(parameter.fan_in), fan_out = static_cast<float>(parameter.fan_out);
  switch (parameter.initial) {
    case Initial::uniform: {
      const float bound = 1.0F / std::sqrt(fan_in);
      return random.uniform(-bound, bound);
    }
    case Initial::glorot_uniform: {
      const float bound = std::sqrt(6.0F / (fan_in + fan_out));
      return random.uniform(-bound, bound);
    }
    case Initial::kaiming_normal: return std::sqrt(2.0F / fan_out) * random.normal();
    case Initial::small_normal: return 0.01F * random.normal();
    case Initial::zeros: return 0;
    case Initial::ones: return 1;
  }
  return 0;
}

torch::Tensor initial_value(const ParameterDescription& parameter, uint64_t seed, size_t place) {
  torch::Tensor value = torch::empty(parameter.shape, torch::kFloat32);
  auto* at = value.data_ptr<float>();
  const bool is_matrix = parameter.shape.size() > 1;
  const int64_t row = is_matrix ? value.numel() / parameter.shape[0] : value.numel();  // one stream per row: a stream has 2^18 numbers
  for (int64_t i = 0; i < value.numel(); i += row) {
    Random random({seed, Purpose::initial_weights, static_cast<uint32_t>(place), static_cast<uint32_t>(i / row)});
    for (int64_t j = 0; j < row; ++j) at[i + j] = draw(random, parameter);
  }
  return value;
}

}  // namespace

GraphNetwork::GraphNetwork(Graph graph, uint64_t seed, Execution execution)
    : graph_(std::move(graph)), execution_(execution) {
  for (const Node& node : graph_.nodes()) {
    first_parameter_.push_back(parameters_.size());
    first_buffer_.push_back(buffers_.size());
    for (const ParameterDescription& parameter : graph_.parameters_of(node)) {
      torch::Tensor value = initial_value(parameter, seed, parameters_.size());
      parameters_.push_back({parameter.name, value.requires_grad_()});
    }
    for (const ParameterDescription& buffer : graph_.buffers_of(node)) buffers_.push_back({buffer.name, initial_value(buffer, seed, 0)});
  }
}

bool GraphNetwork::rounds_products() const {
  return std::any_of(parameters_.begin(), parameters_.end(), [](const Parameter& it) { return worth_bfloat16(it.value); });
}

std::string GraphNetwork::identity() const {
  std::string text;
  for (const Node& node : graph_.nodes()) {
    if (const auto* op = std::get_if<Resize>(&node.operation)) text += fmt::format("resize {}x{}", op->height, op->width);
    if (const auto* op = std::get_if<Normalize>(&node.operation))
      text += fmt::format("normalize {} {}", fmt::join(op->mean, ","), fmt::join(op->deviation, ","));
  }
  return text;
}

void GraphNetwork::to(torch::Device device) {
  for (Parameter& parameter : parameters_) parameter.value = parameter.value.detach().to(device).requires_grad_();
  for (Parameter& buffer : buffers_) buffer.value = buffer.value.to(device);
}

/// Runs of linear → ReLU → dropout become one step, unless a tap wants an output in between.
std::vector<GraphNetwork::Step> GraphNetwork::plan(const std::vector<size_t>& tapped) const {
  const std::vector<Node>& nodes = graph_.nodes();
  const std::vector<size_t> uses = graph_.uses();
  const auto can_join = [&](size_t next, size_t last) {
    const bool is_tapped = std::find(tapped.begin(), tapped.end(), last) != tapped.end();
    return next < nodes.size() && nodes[next].inputs == std::vector<size_t>{last} && uses[last] == 1 && !is_tapped;
  };
  std::vector<Step> steps;
  for (size_t i = 0; i < nodes.size(); ++i) {
    Step step{i, i};
    if (execution_ == Execution::fused && is_a<Linear>(nodes[i]) && can_join(i + 1, i) && is_a<Relu>(nodes[i + 1])) {
      step.last = i + 1;
      if (can_join(i + 2, i + 1) && is_a<Dropout>(nodes[i + 2])) step.last = i + 2;
    }
    steps.push_back(step);
    i = step.last;
  }
  return steps;
}

torch::Tensor GraphNetwork::rounded(size_t parameter, const ForwardOptions& options) const {
  const torch::Tensor& value = parameters_[parameter].value;
  if (options.precision != Precision::bfloat16 || !worth_bfloat16(value)) return {};
  if (options.prepared == nullptr) return to_bfloat16(value);
  options.prepared->rounded.resize(parameters_.size());
  torch::Tensor& kept = options.prepared->rounded[parameter];
  if (!kept.defined()) kept = to_bfloat16(value);
  return kept;
}

OperationContext GraphNetwork::context_of(size_t node, const ForwardOptions& options) const {
  OperationContext context;
  context.noise = options.noise;
  const auto end_of = [&](const std::vector<size_t>& first, const std::vector<Parameter>& all) {
    return node + 1 < first.size() ? first[node + 1] : all.size();
  };
  for (size_t i = first_parameter_[node]; i < end_of(first_parameter_, parameters_); ++i) context.parameters.push_back(parameters_[i].value);
  for (size_t i = first_buffer_[node]; i < end_of(first_buffer_, buffers_); ++i) context.buffers.push_back(buffers_[i].value);
  return context;
}

torch::Tensor GraphNetwork::run_linear(const Step& step, const torch::Tensor& input, const ForwardOptions& options) const {
  const OperationContext context = context_of(step.first, options);
  const bool relu = step.last > step.first;
  const auto* drop = step.last == step.first + 2 ? &std::get<Dropout>(graph_.nodes()[step.last].operation) : nullptr;
  if (options.noise == nullptr || (drop != nullptr && drop->probability == 0)) drop = nullptr;
  const torch::Tensor bias = context.parameters.size() > 1 ? context.parameters[1] : torch::Tensor();
  return fused_linear(input, context.parameters[0], bias, {relu ? Activation::relu : Activation::none, drop, options.noise},
                      rounded(first_parameter_[step.first], options));
}

torch::Tensor GraphNetwork::run(const Step& step, const std::vector<torch::Tensor>& inputs, const ForwardOptions& options) const {
  const std::vector<Node>& nodes = graph_.nodes();
  const bool is_linear = is_a<Linear>(nodes[step.first]);
  if (execution_ == Execution::fused && is_linear && can_fuse_linear(inputs[0], parameters_[first_parameter_[step.first]].value))
    return run_linear(step, inputs[0], options);
  torch::Tensor value = run_operation(nodes[step.first].operation, inputs, context_of(step.first, options));
  for (size_t node = step.first + 1; node <= step.last; ++node)
    value = run_operation(nodes[node].operation, {value}, context_of(node, options));
  return value;
}

Outputs GraphNetwork::forward(const torch::Tensor& inputs, const ForwardOptions& options) const {
  const std::vector<Node>& nodes = graph_.nodes();
  const Shape shape = inputs.sizes().slice(1).vec();
  if (shape != graph_.input_shape())
    throw Error(fmt::format("the network takes inputs of {}, got {}", to_text(graph_.input_shape()), to_text(shape)));
  std::map<std::string, size_t> features;
  std::vector<size_t> tapped;
  if (!options.taps.empty()) features = graph_.features();
  for (const std::string& tap : options.taps) {
    if (!features.contains(tap))
      throw Error(ErrorKind::usage, fmt::format("the network has no node '{}' to tap{}", tap, suggestion(tap, graph_.feature_list())));
    tapped.push_back(features.at(tap));
  }
  std::vector<size_t> uses = graph_.uses();
  std::vector<torch::Tensor> values(nodes.size());
  Outputs outputs;
  for (const Step& step : plan(tapped)) {
    std::vector<torch::Tensor> taken;
    for (const size_t from : nodes[step.first].inputs) {
      taken.push_back(from == Graph::kInput ? inputs : values[from]);
      if (from != Graph::kInput && --uses[from] == 0) values[from] = torch::Tensor();
    }
    values[step.last] = run(step, taken, options);
    for (size_t i = 0; i < tapped.size(); ++i)
      if (tapped[i] == step.last) outputs.features[options.taps[i]] = values[step.last];
  }
  outputs.logits = values.back();
  return outputs;
}

}  // namespace limbeck
