#include "nn/network.h"

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

/// Uniform in ±1/√fan_in, PyTorch's default for nn.Linear.
torch::Tensor initial_value(const ParameterDescription& parameter, uint64_t seed, size_t place) {
  torch::Tensor value = torch::empty(parameter.shape, torch::kFloat32);
  const float bound = 1.0F / std::sqrt(static_cast<float>(parameter.fan_in));
  auto* at = value.data_ptr<float>();
  const int64_t row = parameter.shape.back();  // one stream per row, since a stream has 2^18 numbers
  for (int64_t i = 0; i < value.numel(); i += row) {
    Random random({seed, Purpose::initial_weights, static_cast<uint32_t>(place), static_cast<uint32_t>(i / row)});
    for (int64_t j = 0; j < row; ++j) at[i + j] = random.uniform(-bound, bound);
  }
  return value;
}

}  // namespace

GraphNetwork::GraphNetwork(Graph graph, uint64_t seed, Execution execution)
    : graph_(std::move(graph)), execution_(execution) {
  for (const Node& node : graph_.nodes()) {
    first_parameter_.push_back(parameters_.size());
    for (const ParameterDescription& parameter : graph_.parameters_of(node)) {
      torch::Tensor value = initial_value(parameter, seed, parameters_.size());
      parameters_.push_back({parameter.name, value.requires_grad_()});
    }
  }
}

void GraphNetwork::to(torch::Device device) {
  for (Parameter& parameter : parameters_) parameter.value = parameter.value.detach().to(device).requires_grad_();
}

/// Runs of linear → ReLU → dropout become one step, unless a tap wants an output in between.
std::vector<GraphNetwork::Step> GraphNetwork::plan(const std::vector<std::string>& taps) const {
  const std::vector<Node>& nodes = graph_.nodes();
  std::vector<size_t> uses(nodes.size(), 0);
  for (const Node& node : nodes)
    for (const size_t input : node.inputs)
      if (input != Graph::kInput) ++uses[input];
  const auto can_join = [&](size_t next, size_t last) {
    const bool tapped = std::find(taps.begin(), taps.end(), nodes[last].name) != taps.end();
    return next < nodes.size() && nodes[next].inputs == std::vector<size_t>{last} && uses[last] == 1 && !tapped;
  };
  std::vector<Step> steps;
  for (size_t i = 0; i < nodes.size(); ++i) {
    Step step{i, i, first_parameter_[i]};
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

torch::Tensor GraphNetwork::run(const Step& step, const torch::Tensor& input, const ForwardOptions& options) const {
  const Noise* noise = options.noise;
  const Node& node = graph_.nodes()[step.first];
  if (const auto* linear = std::get_if<Linear>(&node.operation)) {
    const torch::Tensor& weight = parameters_[step.parameter].value;
    const torch::Tensor bias = linear->bias ? parameters_[step.parameter + 1].value : torch::Tensor();
    const bool relu = step.last > step.first;
    const auto* drop = step.last == step.first + 2 ? &std::get<Dropout>(graph_.nodes()[step.last].operation) : nullptr;
    if (noise == nullptr || (drop != nullptr && drop->probability == 0)) drop = nullptr;
    if (execution_ == Execution::fused && can_fuse_linear(input, weight))
      return fused_linear(input, weight, bias, {relu ? Activation::relu : Activation::none, drop, noise},
                          rounded(step.parameter, options));
    torch::Tensor y = torch::linear(input, weight, bias);
    if (relu) y = torch::relu(y);
    return drop == nullptr ? y : dropout(y, *drop, *noise);
  }
  if (is_a<Relu>(node)) return torch::relu(input);
  if (is_a<Flatten>(node)) return input.flatten(1);
  const auto& drop = std::get<Dropout>(node.operation);
  return noise == nullptr || drop.probability == 0 ? input : dropout(input, drop, *noise);
}

Outputs GraphNetwork::forward(const torch::Tensor& inputs, const ForwardOptions& options) const {
  const std::vector<Node>& nodes = graph_.nodes();
  for (const std::string& tap : options.taps) {
    const std::vector<std::string> names = graph_.node_names();
    if (std::find(names.begin(), names.end(), tap) == names.end())
      throw Error(ErrorKind::usage, fmt::format("the network has no node '{}' to tap{}", tap, suggestion(tap, names)));
  }
  const Shape shape = inputs.sizes().slice(1).vec();
  if (shape != graph_.input_shape())
    throw Error(fmt::format("the network takes inputs of {}, got {}", to_text(graph_.input_shape()), to_text(shape)));
  std::vector<torch::Tensor> values(nodes.size());
  Outputs outputs;
  for (const Step& step : plan(options.taps)) {
    const size_t from = nodes[step.first].inputs[0];
    values[step.last] = run(step, from == Graph::kInput ? inputs : values[from], options);
    const std::string& name = nodes[step.last].name;
    if (std::find(options.taps.begin(), options.taps.end(), name) != options.taps.end())
      outputs.features[name] = values[step.last];
  }
  outputs.logits = values.back();
  return outputs;
}

}  // namespace limbeck
