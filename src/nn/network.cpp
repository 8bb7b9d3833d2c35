#include "nn/network.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <optional>

#include "core/error.h"
#include "core/random.h"
#include "kernels/dropout.h"
#include "kernels/fused_batch_norm.h"
#include "kernels/fused_convolution.h"
#include "kernels/fused_linear.h"
#include "kernels/pieces.h"
#include "kernels/products.h"
#include "nn/fold.h"
#include "nn/inference.h"

namespace limbeck {
namespace {

template <class T>
bool is_a(const Node& node) {
  return std::holds_alternative<T>(node.operation);
}

/// Whether the node is such a layer, with its weights as they are.
template <class Layer>
bool is_plain(const Node& node) {
  const auto* layer = std::get_if<Layer>(&node.operation);
  return layer != nullptr && !layer->rounds;
}

bool rounds_to_bytes(const Operation& operation) {
  const auto* linear = std::get_if<Linear>(&operation);
  const auto* convolution = std::get_if<Convolution>(&operation);
  return std::holds_alternative<Quantize>(operation) || (linear != nullptr && linear->rounds) ||
         (convolution != nullptr && convolution->rounds);
}

std::vector<size_t> features_of(const Graph& graph, const std::vector<std::string>& taps) {
  std::vector<size_t> nodes;
  for (const std::string& tap : taps) nodes.push_back(graph.feature(tap));
  return nodes;
}

}  // namespace

GraphNetwork::GraphNetwork(Graph graph, uint64_t seed, Execution execution)
    : graph_(std::move(graph)), execution_(execution) {
  const auto stream = [seed](size_t place) {
    return RandomKey{seed, Purpose::initial_weights, static_cast<uint32_t>(place)};
  };
  for (const Node& node : graph_.nodes()) {
    first_parameter_.push_back(parameters_.size());
    first_buffer_.push_back(buffers_.size());
    for (const ParameterDescription& parameter : graph_.parameters_of(node)) {
      at::Tensor value = initial_value(parameter, stream(parameters_.size()));
      parameters_.push_back({parameter.name, value.requires_grad_()});
    }
    for (const ParameterDescription& buffer : graph_.buffers_of(node))
      buffers_.push_back({buffer.name, initial_value(buffer, stream(0))});
  }
  for (const Node& node : graph_.nodes()) {
    at::Tensor& constants = constants_.emplace_back();
    if (const auto* op = std::get_if<Normalize>(&node.operation))
      constants = at::stack({at::tensor(op->mean, at::kFloat), at::tensor(op->deviation, at::kFloat)});
  }
  const bool fuses = execution_ == Execution::fused;
  training_steps_ = plan_steps(graph_, fuses ? Pass::training : Pass::plain, {});
  inference_steps_ = plan_steps(graph_, fuses ? Pass::inference : Pass::plain, {});
  capabilities_ = capabilities_of_graph();
  quantized_ = !capabilities_.can_be_recorded;
}

Capabilities GraphNetwork::capabilities_of_graph() const {
  Capabilities all{.can_be_recorded = true, .widest_activation = element_count(graph_.input_shape())};
  for (size_t i = 0; i < graph_.nodes().size(); ++i) {
    const Node& node = graph_.nodes()[i];
    all.widest_activation = std::max(all.widest_activation, element_count(node.shape));
    all.rounds_products |= gains_from_bfloat16(i);
    all.can_be_recorded &= !rounds_to_bytes(node.operation);  // rounding looks at the ranges of values
  }
  return all;
}

bool GraphNetwork::gains_from_bfloat16(size_t node) const {
  const Node& it = graph_.nodes()[node];
  if (is_plain<Linear>(it)) return worth_bfloat16(parameters_[first_parameter_[node]].value);
  return is_plain<Convolution>(it) && worth_bfloat16(std::get<Convolution>(it.operation));
}

void GraphNetwork::to(at::Device device) {
  const auto moved = [&](const at::Tensor& value) {  // GPUs convolve in channels_last, the CPU's kernels in neither
    const bool is_kernel = value.dim() == 4 && !device.is_cpu() && execution_ == Execution::fused;
    return value.detach().to(device).contiguous(is_kernel ? at::MemoryFormat::ChannelsLast
                                                          : at::MemoryFormat::Contiguous);
  };
  for (Parameter& parameter : parameters_) parameter.value = moved(parameter.value).requires_grad_();
  for (Parameter& buffer : buffers_) buffer.value = moved(buffer.value);
  for (at::Tensor& constants : constants_)
    if (constants.defined()) constants = constants.to(device);
}

at::Tensor GraphNetwork::weight_in_bfloat16(size_t node, const at::Tensor& weight,
                                            const ForwardOptions& options) const {
  if (options.precision != Precision::bfloat16 || !gains_from_bfloat16(node)) return {};
  if (options.prepared == nullptr) return to_bfloat16(weight);
  options.prepared->rounded.resize(graph_.nodes().size());
  at::Tensor& kept = options.prepared->rounded[node];
  if (!kept.defined()) kept = to_bfloat16(weight);
  return kept;
}

OperationContext GraphNetwork::context_of(size_t node, const ForwardOptions& options) const {
  OperationContext context;
  context.noise = options.noise;
  const auto end_of = [&](const std::vector<size_t>& first, const std::vector<Parameter>& all) {
    return node + 1 < first.size() ? first[node + 1] : all.size();
  };
  for (size_t i = first_parameter_[node]; i < end_of(first_parameter_, parameters_); ++i) {
    const bool is_rounded = options.rounded != nullptr && options.rounded->at(i).defined();
    context.parameters.push_back(is_rounded ? options.rounded->at(i) : parameters_[i].value);
  }
  for (size_t i = first_buffer_[node]; i < end_of(first_buffer_, buffers_); ++i)
    context.buffers.push_back(buffers_[i].value);
  return context;
}

at::Tensor GraphNetwork::run_linear(const Step& step, const at::Tensor& input, const ForwardOptions& options) const {
  const OperationContext context = context_of(step.nodes[0], options);
  const bool relu = step.nodes.size() > 1;
  const auto* drop = step.nodes.size() > 2 ? &std::get<Dropout>(graph_.nodes()[step.output()].operation) : nullptr;
  if (options.noise == nullptr || (drop != nullptr && drop->probability == 0)) drop = nullptr;
  const at::Tensor bias = context.parameters.size() > 1 ? context.parameters[1] : at::Tensor();
  return fused_linear(input, context.parameters[0], bias,
                      {relu ? Activation::relu : Activation::none, drop, options.noise},
                      weight_in_bfloat16(step.nodes[0], context.parameters[0], options));
}

FoldedConvolution GraphNetwork::fold_convolution(const Step& step, const ForwardOptions& options) const {
  const size_t first = step.nodes[0];
  if (options.prepared != nullptr) {
    options.prepared->convolutions.resize(graph_.nodes().size());
    if (options.prepared->convolutions[first].weight.defined()) return options.prepared->convolutions[first];
  }
  const OperationContext own = context_of(first, options);
  FoldedConvolution result{
      own.parameters[0].detach(), own.parameters.size() > 1 ? own.parameters[1].detach() : at::Tensor(), {}, {}};
  if (step.nodes.size() > 1 && is_a<BatchNorm>(graph_.nodes()[step.nodes[1]])) {
    const OperationContext norm = context_of(step.nodes[1], options);
    const double epsilon = std::get<BatchNorm>(graph_.nodes()[step.nodes[1]].operation).epsilon;
    const LayerWeights layer = with_batch_norm(
        {result.weight, result.bias},
        {norm.parameters[0].detach(), norm.parameters[1].detach(), norm.buffers[0], norm.buffers[1]}, epsilon);
    result.weight = layer.weight;
    result.bias = layer.bias;
  }
  const auto& op = std::get<Convolution>(graph_.nodes()[first].operation);
  if (!result.weight.is_cpu())
    result.weight = result.weight.to(type_on_device(options)).contiguous(at::MemoryFormat::ChannelsLast);
  else if (is_winograd(op))
    result.winograd = prepare_winograd(op, result.weight);
  if (options.prepared != nullptr) options.prepared->convolutions[first] = result;
  return result;
}

at::Tensor GraphNetwork::run_convolution(const Step& step, const at::Tensor& input, const at::Tensor& shortcut,
                                         Pass pass, const ForwardOptions& options) const {
  const auto& op = std::get<Convolution>(graph_.nodes()[step.nodes[0]].operation);
  if (pass == Pass::inference) {
    const FoldedConvolution own = fold_convolution(step, options);
    const at::Tensor prepared = is_winograd(op) ? own.winograd : weight_in_bfloat16(step.nodes[0], own.weight, options);
    return convolve_without_gradient(op, input, own.weight, own.bias, shortcut, rectifier_of(graph_, step), prepared);
  }
  const OperationContext own = context_of(step.nodes[0], options);
  const bool rounds = options.precision == Precision::bfloat16 && gains_from_bfloat16(step.nodes[0]);
  return fused_convolution(op, input, own.parameters[0], own.parameters.size() > 1 ? own.parameters[1] : at::Tensor(),
                           rounds ? to_bfloat16(own.parameters[0]) : at::Tensor());
}

at::Tensor GraphNetwork::run_batch_norm(const Step& step, const at::Tensor& input, const at::Tensor& shortcut,
                                        const ForwardOptions& options) const {
  const OperationContext own = context_of(step.nodes[0], options);
  return fused_batch_norm(std::get<BatchNorm>(graph_.nodes()[step.nodes[0]].operation), input,
                          {own.parameters[0], own.parameters[1], own.buffers[0], own.buffers[1]}, shortcut,
                          rectifier_of(graph_, step));
}

/// One node after the other.
at::Tensor GraphNetwork::run_nodes(const Step& step, const std::vector<at::Tensor>& inputs, const at::Tensor& shortcut,
                                   const ForwardOptions& options) const {
  const std::vector<Node>& nodes = graph_.nodes();
  const OperationContext first = context_of(step.nodes[0], options);
  const auto* norm = std::get_if<BatchNorm>(&nodes[step.nodes[0]].operation);
  const bool is_shared = norm != nullptr && options.noise != nullptr && options.sum != nullptr;
  at::Tensor value =
      is_shared ? shared_batch_norm(*norm, inputs[0],
                                    {first.parameters[0], first.parameters[1], first.buffers[0], first.buffers[1]},
                                    *options.sum)
                : run_operation(nodes[step.nodes[0]].operation, inputs, first);
  for (size_t i = 1; i < step.nodes.size(); ++i) {
    const Node& node = nodes[step.nodes[i]];
    const std::vector<at::Tensor> operands =
        is_a<Add>(node) ? std::vector<at::Tensor>{value, shortcut} : std::vector<at::Tensor>{value};
    value = run_operation(node.operation, operands, context_of(step.nodes[i], options));
  }
  return value;
}

at::Tensor GraphNetwork::run(const Step& step, const std::vector<at::Tensor>& inputs, const at::Tensor& shortcut,
                             Pass pass, const ForwardOptions& options, at::Tensor& twin) const {
  const Node& first = graph_.nodes()[step.nodes[0]];
  const bool fuses = pass != Pass::plain;
  if (fuses && !inputs[0].is_cpu()) return run_on_device(step, inputs, shortcut, pass, options, twin);
  if (fuses && is_plain<Linear>(first) &&
      can_fuse_linear(inputs[0], parameters_[first_parameter_[step.nodes[0]]].value))
    return run_linear(step, inputs[0], options);
  if (fuses && is_plain<Convolution>(first) && is_cpu_image(inputs[0]))
    return run_convolution(step, inputs[0], shortcut, pass, options);
  if (fuses && is_a<BatchNorm>(first) && is_cpu_image(inputs[0]) && options.noise != nullptr && options.sum == nullptr)
    return run_batch_norm(step, inputs[0], shortcut, options);
  return run_nodes(step, inputs, shortcut, options);
}

int64_t GraphNetwork::part_of(const at::Tensor& inputs, const ForwardOptions& options) const {
  constexpr int64_t kPart = 6;            // examples: of the CIFAR networks, a core keeps so many in its cache
  constexpr int64_t kWidest = (1 << 14);  // numbers in an activation
  const bool infers = options.noise == nullptr && !at::GradMode::is_enabled() && execution_ == Execution::fused;
  const bool small = is_cpu_image(inputs) && capabilities_.widest_activation <= kWidest;
  return infers && small && capabilities_.can_be_recorded ? kPart : std::max<int64_t>(inputs.size(0), 1);
}

/// An inference pass in parts of the batch, each from the first layer to the last on one thread: threads wait for each
/// other once, and not at each layer.
Outputs GraphNetwork::forward_parts(const at::Tensor& inputs, const ForwardOptions& options, int64_t part) const {
  PreparedWeights own;
  ForwardOptions of_part = options;
  if (of_part.prepared == nullptr) of_part.prepared = &own;
  const std::vector<size_t> tapped = features_of(graph_, options.taps);
  const std::vector<Step> of_taps = tapped.empty() ? std::vector<Step>{} : plan_steps(graph_, Pass::inference, tapped);
  for (const Step& step : tapped.empty() ? inference_steps_ : of_taps) {  // threads may read what is prepared only
    const Node& node = graph_.nodes()[step.nodes[0]];
    if (is_plain<Convolution>(node))
      weight_in_bfloat16(step.nodes[0], fold_convolution(step, of_part).weight, of_part);
    else if (is_plain<Linear>(node))
      weight_in_bfloat16(step.nodes[0], parameters_[first_parameter_[step.nodes[0]]].value, of_part);
  }
  constexpr int64_t kShare = 32;  // examples: half of a usual batch, so that two threads have equal shares
  std::vector<int64_t> ends = {0};
  while (ends.back() < inputs.size(0)) {
    const int64_t begin = ends.back(), end_of_share = (begin / kShare + 1) * kShare;
    ends.push_back(std::min({begin + part, end_of_share, inputs.size(0)}));
  }
  std::vector<Outputs> parts(ends.size() - 1);
  for_each_piece(static_cast<int64_t>(parts.size()), [&](int64_t piece) {
    const at::NoGradGuard no_gradient;
    const auto at = static_cast<size_t>(piece);
    parts[at] = forward(inputs.slice(0, ends[at], ends[at + 1]), of_part);
  });
  return join_parts(parts);
}

Outputs GraphNetwork::forward(const at::Tensor& inputs, const ForwardOptions& options) const {
  const std::vector<Node>& nodes = graph_.nodes();
  const Shape shape = inputs.sizes().slice(1).vec();
  if (shape != graph_.input_shape())
    throw Error(fmt::format("the network takes inputs of {}, got {}", to_text(graph_.input_shape()), to_text(shape)));
  if (const int64_t part = part_of(inputs, options); part < inputs.size(0)) return forward_parts(inputs, options, part);
  const std::vector<size_t> tapped = features_of(graph_, options.taps);
  const bool infers = options.noise == nullptr && !at::GradMode::is_enabled();
  const Pass pass = execution_ == Execution::plain ? Pass::plain : infers ? Pass::inference : Pass::training;
  const std::vector<Step> of_taps = tapped.empty() ? std::vector<Step>{} : plan_steps(graph_, pass, tapped);
  const std::vector<Step>& steps = !tapped.empty() ? of_taps : infers ? inference_steps_ : training_steps_;

  std::vector<size_t> uses = graph_.uses();
  std::vector<at::Tensor> values(nodes.size()), twins(nodes.size());
  const auto take = [&](size_t from) -> at::Tensor {  // what nothing takes any more is released
    if (from == Graph::kInput) return inputs;
    if (--uses[from] == 0) return std::move(values[from]);
    return twins[from].defined() ? std::move(twins[from]) : values[from];
  };
  Outputs outputs;
  for (const Step& step : steps) {
    std::vector<at::Tensor> operands;
    for (const size_t from : nodes[step.nodes[0]].inputs) operands.push_back(take(from));
    const at::Tensor shortcut = step.shortcut ? take(*step.shortcut) : at::Tensor();
    at::Tensor twin;
    values[step.output()] = run(step, operands, shortcut, pass, options, twin);
    if (uses[step.output()] > 1) twins[step.output()] = twin;
    for (size_t i = 0; i < tapped.size(); ++i)
      if (tapped[i] == step.output()) outputs.features[options.taps[i]] = values[step.output()];
  }
  outputs.logits = values.back();
  if (outputs.logits.scalar_type() == at::kBFloat16) {
    outputs.logits = outputs.logits.to(at::kFloat);
    for (auto& [name, feature] : outputs.features) feature = feature.to(at::kFloat);
  }
  return outputs;
}

}  // namespace limbeck
