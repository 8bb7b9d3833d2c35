#include "nn/int8_network.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/round.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "core/error.h"
#include "kernels/byte_rounding.h"
#include "kernels/pieces.h"
#include "kernels/torch_compatibility.h"
#include "nn/inference.h"
#include "nn/weights.h"

namespace limbeck {
namespace {

constexpr int64_t kExamplesAtOnce = 8;  // that go through the layers together, on one thread
constexpr int64_t kOutputsAtOnce = 16;
constexpr int64_t kBytesAtOnce = 4;

int64_t filled_up(int64_t channels) {
  return (channels + kBytesAtOnce - 1) / kBytesAtOnce * kBytesAtOnce;
}

bool keeps_grid(const Operation& operation) {
  return std::holds_alternative<Maxout>(operation) || std::holds_alternative<MaxPool>(operation) ||
         std::holds_alternative<Slice>(operation) || std::holds_alternative<ChannelShuffle>(operation) ||
         std::holds_alternative<Dropout>(operation);
}

bool rounds_weight(const Operation& operation) {
  const auto* linear = std::get_if<Linear>(&operation);
  const auto* convolution = std::get_if<Convolution>(&operation);
  return (linear != nullptr && linear->rounds) || (convolution != nullptr && convolution->rounds);
}

/// Without rounding the weight anew at every pass.
Operation with_given_weight(Operation operation) {
  if (auto* linear = std::get_if<Linear>(&operation)) linear->rounds = false;
  if (auto* convolution = std::get_if<Convolution>(&operation)) convolution->rounds = false;
  return operation;
}

uint8_t* byte_workspace(int64_t bytes) {
  thread_local std::vector<uint8_t> kept;
  if (kept.size() < static_cast<size_t>(bytes)) kept.resize(static_cast<size_t>(bytes));
  return kept.data();
}

at::Tensor empty_bytes(const at::Tensor& like, const Shape& shape) {
  return at::empty(shape, like.options().dtype(at::kByte));
}

at::Tensor to_bytes(const at::Tensor& floats, const ByteGrid& grid) {
  const at::Tensor x = floats.permute({0, 2, 3, 1}).contiguous();
  at::Tensor bytes = empty_bytes(x, {x.size(0), x.size(1), x.size(2), filled_up(x.size(3))});
  floats_to_bytes(read_pointer<float>(x), x.numel() / x.size(3), x.size(3), bytes.size(3), grid,
                  bytes.data_ptr<uint8_t>());
  return bytes;
}

at::Tensor to_floats(const at::Tensor& bytes, int64_t channels, const ByteGrid& grid) {
  at::Tensor floats =
      at::empty({bytes.size(0), bytes.size(1), bytes.size(2), channels}, bytes.options().dtype(at::kFloat));
  bytes_to_floats(read_pointer<uint8_t>(bytes), bytes.numel() / bytes.size(3), channels, bytes.size(3), grid,
                  floats.data_ptr<float>());
  return floats.permute({0, 3, 1, 2});
}

}  // namespace

Int8Network::Int8Network(std::shared_ptr<const GraphNetwork> quantized)
    : quantized_(std::move(quantized)), taker_(quantized_->graph().nodes().size(), Graph::kInput) {
  const Graph& graph = quantized_->graph();
  const std::vector<Node>& nodes = graph.nodes();
  const at::NoGradGuard no_gradient;
  const TensorMap state = state_of(*quantized_);
  for (size_t i = 0; i < nodes.size(); ++i) {
    for (const size_t from : nodes[i].inputs)
      if (from != Graph::kInput) taker_[from] = i;
    OperationContext& context = contexts_.emplace_back();
    for (const ParameterDescription& parameter : graph.parameters_of(nodes[i]))
      context.parameters.push_back(state.at(parameter.name).detach());
    for (const ParameterDescription& buffer : graph.buffers_of(nodes[i]))
      context.buffers.push_back(state.at(buffer.name));
    if (rounds_weight(nodes[i].operation)) context.parameters[0] = round_weight(context.parameters[0]);
  }
  std::vector<bool> taken(nodes.size(), false);
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (taken[i]) continue;
    Step step = byte_step(i, taken).value_or(Step{.node = i, .output = i, .convolution = {}});
    for (size_t at = i; at != step.output; at = taker_[at]) taken[taker_[at]] = true;
    steps_.push_back(std::move(step));
  }
  std::sort(steps_.begin(), steps_.end(), [](const Step& a, const Step& b) { return a.output < b.output; });
}

at::Tensor Int8Network::floats_of(const Value& value) {
  return value.floats.defined() ? value.floats : to_floats(value.bytes, value.channels, value.grid);
}

/// The grid on which the node's values are.
std::optional<ByteGrid> Int8Network::grid_of(size_t node) const {
  while (node != Graph::kInput) {
    const Node& it = quantized_->graph().nodes()[node];
    if (std::holds_alternative<Quantize>(it.operation)) {
      const std::vector<at::Tensor>& buffers = contexts_[node].buffers;  // scale and zero point
      return ByteGrid(buffers[0].item<float>(), static_cast<int32_t>(buffers[1].item<float>()));
    }
    if (!keeps_grid(it.operation)) return std::nullopt;
    node = it.inputs[0];
  }
  return std::nullopt;
}

/// A convolution that takes and gives bytes, with as many of the nodes behind it as can be computed with it.
std::optional<Int8Network::Step> Int8Network::byte_step(size_t node, const std::vector<bool>& taken) const {
  const std::vector<Node>& nodes = quantized_->graph().nodes();
  const std::vector<size_t> uses = quantized_->graph().uses();
  const auto* op = std::get_if<Convolution>(&nodes[node].operation);
  if (op == nullptr || !op->rounds || op->groups != 1 || op->out % kOutputsAtOnce != 0 ||
      !grid_of(nodes[node].inputs[0]))
    return std::nullopt;
  const auto next = [&](size_t at) { return uses[at] == 1 && taker_[at] != Graph::kInput ? taker_[at] : at; };
  const auto is_byte = [&](size_t at) { return std::holds_alternative<Quantize>(nodes[at].operation); };
  const auto rectifier = [&](size_t at) -> Rectifier {
    if (std::holds_alternative<Relu6>(nodes[at].operation)) return {.on = true, .most = 6};
    return {.on = std::holds_alternative<Relu>(nodes[at].operation)};
  };
  Step step{.node = node, .output = node, .convolution = prepare(node)};
  ByteConvolution& own = *step.convolution;
  size_t at = next(node);
  if (own.rectifier = rectifier(at); own.rectifier.on) at = next(at);
  if (at == node || !is_byte(at)) return std::nullopt;
  step.output = at;
  own.output = *grid_of(at);
  const size_t sum = next(at);
  if (own.rectifier.on || sum == at || taken[sum] || !std::holds_alternative<Add>(nodes[sum].operation) ||
      nodes[sum].inputs.size() != 2)
    return step;
  const size_t other = nodes[sum].inputs[0] == at ? nodes[sum].inputs[1] : nodes[sum].inputs[0];
  size_t last = next(sum);
  const Rectifier after = rectifier(last);
  if (after.on) last = next(last);
  if (!is_byte(last) || !grid_of(other)) return step;
  own.product = own.output;
  own.shortcut = other;
  own.of_shortcut = *grid_of(other);
  own.rectifier = after;
  own.output = *grid_of(last);
  step.output = last;
  return step;
}

Int8Network::ByteConvolution Int8Network::prepare(size_t node) const {
  const Node& it = quantized_->graph().nodes()[node];
  const auto& op = std::get<Convolution>(it.operation);
  const Shape input = quantized_->graph().shape_of(it.inputs[0]);
  ByteConvolution own;
  own.shape = {{.height = input[1],
                .width = input[2],
                .in = filled_up(op.in),
                .out = op.out,
                .kernel = op.kernel,
                .stride = op.stride,
                .padding = op.padding}};
  own.input = *grid_of(it.inputs[0]);
  const OperationContext& context = contexts_[node];
  const at::Tensor scales = weight_scales(state_of(*quantized_).at(it.name + ".weight"));
  const at::Tensor bytes = at::round(context.parameters[0] / scales.reshape({-1, 1, 1, 1})).to(at::kChar);
  at::Tensor filled = at::zeros({op.out, own.shape.in, op.kernel, op.kernel}, bytes.options());
  filled.slice(1, 0, op.in).copy_(bytes);
  own.weights = at::empty({own.shape.weights()}, bytes.options());
  pack_int8_weights(own.shape, read_pointer<int8_t>(filled), own.weights.data_ptr<int8_t>());
  own.start = (bytes.to(at::kInt).sum({1, 2, 3}, false, at::kInt) * -own.input.zero).contiguous();
  own.scale = (scales * own.input.scale).contiguous();
  own.bias = op.bias ? context.parameters[1].contiguous() : at::zeros({op.out});
  return own;
}

Int8Network::Value Int8Network::run(const Step& step, const std::vector<Value>& inputs) const {
  if (!step.convolution) {
    const Node& node = quantized_->graph().nodes()[step.node];
    std::vector<at::Tensor> floats;
    for (const Value& input : inputs) floats.push_back(floats_of(input));
    if (std::holds_alternative<Quantize>(node.operation) && floats[0].dim() == 4) {
      const ByteGrid grid = *grid_of(step.node);
      return {.floats = {}, .bytes = to_bytes(floats[0], grid), .channels = floats[0].size(1), .grid = grid};
    }
    return {.floats = run_operation(with_given_weight(node.operation), floats, contexts_[step.node])};
  }
  const ByteConvolution& own = *step.convolution;
  const auto bytes_of = [](const Value& value, const ByteGrid& grid) {
    return value.bytes.defined() ? value.bytes : to_bytes(value.floats, grid);
  };
  const at::Tensor x = bytes_of(inputs[0], own.input);
  const at::Tensor added = own.shortcut ? bytes_of(inputs[1], own.of_shortcut) : at::Tensor();
  Int8Patches shape = own.shape;
  shape.images = x.size(0);
  at::Tensor y = empty_bytes(x, {x.size(0), shape.out_height(), shape.out_width(), shape.out});
  const Int8Epilogue epilogue{.outside = own.input.zero,
                              .start = read_pointer<int32_t>(own.start),
                              .scale = read_pointer<float>(own.scale),
                              .bias = read_pointer<float>(own.bias),
                              .product = own.product ? &*own.product : nullptr,
                              .added = added.defined() ? read_pointer<uint8_t>(added) : nullptr,
                              .of_added = own.of_shortcut,
                              .rectifier = own.rectifier,
                              .output = own.output};
  const auto* from = read_pointer<uint8_t>(x);
  const auto* weights = read_pointer<int8_t>(own.weights);
  auto* to = y.data_ptr<uint8_t>();
  for_each_piece(shape.blocks(), [&](int64_t block) {
    convolve_int8(shape, from, weights, epilogue, to, block, byte_workspace(shape.workspace()));
  });
  return {.floats = {}, .bytes = y, .channels = shape.out, .grid = own.output};
}

at::Tensor Int8Network::logits_of(const at::Tensor& inputs) const {
  const std::vector<Node>& nodes = quantized_->graph().nodes();
  std::vector<size_t> uses = quantized_->graph().uses();
  std::vector<Value> values(nodes.size());
  const auto take = [&](size_t from) -> Value {  // what nothing takes any more is released
    if (from == Graph::kInput) return {.floats = inputs};
    return --uses[from] == 0 ? std::move(values[from]) : values[from];
  };
  for (const Step& step : steps_) {
    std::vector<Value> operands;
    for (const size_t from : nodes[step.node].inputs) operands.push_back(take(from));
    if (step.convolution && step.convolution->shortcut) operands.push_back(take(*step.convolution->shortcut));
    values[step.output] = run(step, operands);
  }
  return floats_of(values.back());
}

Outputs Int8Network::forward(const at::Tensor& inputs, const ForwardOptions& options) const {
  if (options.noise != nullptr || at::GradMode::is_enabled() || !options.taps.empty() || !inputs.is_cpu())
    return quantized_->forward(inputs, options);
  const int64_t count = inputs.size(0);
  std::vector<Outputs> parts(static_cast<size_t>((count + kExamplesAtOnce - 1) / kExamplesAtOnce));
  for_each_range(count, kExamplesAtOnce, [&](int64_t begin, int64_t end) {
    const at::NoGradGuard no_gradient;
    parts[static_cast<size_t>(begin / kExamplesAtOnce)] = {.logits = logits_of(inputs.slice(0, begin, end))};
  });
  return join_parts(parts);
}

void Int8Network::to(at::Device device) {
  if (!device.is_cpu()) throw Error("a network in int8 is computed on the CPU");
}

int64_t Int8Network::byte_convolutions() const {
  return std::count_if(steps_.begin(), steps_.end(), [](const Step& step) { return step.convolution.has_value(); });
}

}  // namespace limbeck
