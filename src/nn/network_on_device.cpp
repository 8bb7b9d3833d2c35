// GraphNetwork on a device other than the CPU. Convolutions and products are LibTorch's; what stands between them is
// one kernel each (device/operators.h). With Precision::bfloat16 activations are bfloat16 from the first layer to the
// logits, and sums, statistics and parameters stay float32.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/linear.h>

#include "device/operators.h"
#include "nn/network.h"

namespace limbeck {
namespace {

DeviceRectifier on_device(const Rectifier& rectifier) {
  return {.on = rectifier.on, .slope = rectifier.slope, .most = rectifier.most};
}

}  // namespace

bool GraphNetwork::is_plain_layer(size_t node) const {
  const Operation& operation = graph_.nodes()[node].operation;
  if (const auto* linear = std::get_if<Linear>(&operation)) return !linear->rounds;
  const auto* convolution = std::get_if<Convolution>(&operation);
  return convolution != nullptr && !convolution->rounds;
}

at::ScalarType GraphNetwork::type_on_device(const ForwardOptions& options) const {
  return options.precision == Precision::bfloat16 && !quantized_ ? at::kBFloat16 : at::kFloat;
}

std::vector<bool> GraphNetwork::rounded_parameters() const {
  std::vector<bool> rounds(parameters_.size(), false);
  if (quantized_) return rounds;
  for (size_t node = 0; node < graph_.nodes().size(); ++node) {
    const size_t end = node + 1 < first_parameter_.size() ? first_parameter_[node + 1] : parameters_.size();
    for (size_t i = first_parameter_[node]; i < end; ++i) rounds[i] = is_plain_layer(node);
  }
  return rounds;
}

/// A layer's weights in the type of activations, cast once where they do not change.
LayerWeights GraphNetwork::weights_on_device(size_t node, const ForwardOptions& options) const {
  if (options.prepared != nullptr) {
    options.prepared->layers.resize(graph_.nodes().size());
    if (options.prepared->layers[node].weight.defined()) return options.prepared->layers[node];
  }
  const at::ScalarType type = type_on_device(options);
  const OperationContext own = context_of(node, options);
  const LayerWeights weights{own.parameters[0].to(type),
                             own.parameters.size() > 1 ? own.parameters[1].to(type) : at::Tensor()};
  if (options.prepared != nullptr) options.prepared->layers[node] = weights;
  return weights;
}

/// A convolution in training.
at::Tensor GraphNetwork::run_convolution_on_device(size_t node, const at::Tensor& input,
                                                   const ForwardOptions& options) const {
  const auto& op = std::get<Convolution>(graph_.nodes()[node].operation);
  const auto [weight, bias] = weights_on_device(node, options);
  return at::conv2d(input.to(weight.scalar_type()), weight, bias, op.stride, op.padding, 1, op.groups);
}

/// linear → ReLU → dropout, the first two as one kernel
at::Tensor GraphNetwork::run_linear_on_device(const Step& step, const at::Tensor& input,
                                              const ForwardOptions& options) const {
  const auto [weight, bias] = weights_on_device(step.nodes[0], options);
  const at::Tensor x = input.to(weight.scalar_type());
  const bool rectifies = step.nodes.size() > 1 && x.dim() == 2 && bias.defined();
  at::Tensor y = rectifies ? rectified_linear(x, weight, bias) : at::linear(x, weight, bias);
  for (size_t i = rectifies ? 2 : 1; i < step.nodes.size(); ++i)
    y = run_operation(graph_.nodes()[step.nodes[i]].operation, {y}, context_of(step.nodes[i], options));
  return y;
}

at::Tensor GraphNetwork::infer_convolution_on_device(const Step& step, const at::Tensor& input,
                                                     const at::Tensor& shortcut, const ForwardOptions& options) const {
  const auto& op = std::get<Convolution>(graph_.nodes()[step.nodes[0]].operation);
  const FoldedConvolution own = fold_convolution(step, options);
  const Rectifier rectifier = rectifier_of(graph_, step);
  const at::Tensor x = input.to(own.weight.scalar_type());
  if (options.prepared != nullptr && own.bias.defined() && is_relu(rectifier)) {
    RectifiedConvolution& joined = options.prepared->convolutions[step.nodes[0]].rectified;
    if (const at::Tensor y = joined(op, x, own.weight, own.bias, shortcut, options.tell); y.defined()) return y;
  }
  at::Tensor y = at::conv2d(x, own.weight, {}, op.stride, op.padding, 1, op.groups);
  if (own.bias.defined() || shortcut.defined() || rectifier.on)
    add_and_rectify(y, own.bias, shortcut, on_device(rectifier));
  return y;
}

at::Tensor GraphNetwork::run_on_device(const Step& step, const std::vector<at::Tensor>& inputs,
                                       const at::Tensor& shortcut, Pass pass, const ForwardOptions& options,
                                       at::Tensor& twin) const {
  const size_t first = step.nodes[0];
  const Operation& operation = graph_.nodes()[first].operation;
  if (is_plain_layer(first) && std::holds_alternative<Convolution>(operation))
    return pass == Pass::inference ? infer_convolution_on_device(step, inputs[0], shortcut, options)
                                   : run_convolution_on_device(first, inputs[0], options);
  if (is_plain_layer(first)) return run_linear_on_device(step, inputs[0], options);
  const auto* op = std::get_if<BatchNorm>(&operation);
  if (op != nullptr && options.noise != nullptr && has_device_kernels(inputs[0].device())) {
    const OperationContext own = context_of(first, options);
    const DeviceNorm norm{own.parameters[0], own.parameters[1], own.buffers[0],
                          own.buffers[1],    op->momentum,      op->epsilon};
    const Twins y = batch_norm_rectified(inputs[0], norm, shortcut, on_device(rectifier_of(graph_, step)));
    twin = y.second;
    return y.first;
  }
  if (const auto* pool = std::get_if<GlobalAveragePool>(&operation); pool != nullptr && options.noise != nullptr) {
    const at::Tensor means = mean_of_pixels(inputs[0]);
    return pool->flat ? means.flatten(1) : means;
  }
  if (std::holds_alternative<Normalize>(operation) && !inputs[0].requires_grad())
    return normalize_pictures(inputs[0], constants_[first][0], constants_[first][1], type_on_device(options));
  return run_nodes(step, inputs, shortcut, options);
}

}  // namespace limbeck
