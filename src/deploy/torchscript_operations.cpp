#include "deploy/torchscript_operations.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full_like.h>

#include <algorithm>
#include <map>

#include "core/error.h"

namespace limbeck {

bool ScriptValue::depends() const {
  return !onnx.empty() ||
         std::any_of(elements.begin(), elements.end(), [](const ScriptValue& element) { return element.depends(); });
}

std::string ScriptCall::short_name() const {
  const std::string bare = name_.substr(name_.rfind(':') + 1);
  return bare.substr(0, bare.find_last_not_of('_') + 1);
}

Shape ScriptCall::integers(size_t place, size_t axes) const {
  Shape all = value(place).isInt() ? Shape{integer(place)} : list(place);
  if (all.size() == 1) all.resize(axes, all[0]);
  return all;
}

std::string ScriptCall::operand(size_t place, const std::string& what) const {
  const ScriptValue& argument = arguments_.at(place);
  if (!argument.onnx.empty()) return argument.onnx;
  return argument.value.isTensor() ? constant(what, argument.value.toTensor()) : constant(what, number(place));
}

namespace {

/// Whether a constant has an entry for each example, and the same for all.
bool is_repeated(const at::Tensor& value, int64_t dimensions, int64_t batch) {
  return value.dim() == dimensions && dimensions > 0 && value.size(0) == batch &&
         value.eq(value.narrow(0, 0, 1)).all().item<bool>();
}

}  // namespace

std::string ScriptCall::repeated_operand(size_t place, const std::string& what) const {
  const ScriptValue& argument = arguments_.at(place);
  const bool constant_tensor = argument.onnx.empty() && argument.value.isTensor();
  if (!constant_tensor || !is_repeated(tensor(place), result_.toTensor().dim(), batch_)) return operand(place, what);
  return constant(what, tensor(place).narrow(0, 0, 1));
}

std::string ScriptCall::constant(const std::string& what, const at::Tensor& value) const {
  if (value.is_complex()) refuse("takes complex numbers");
  return onnx.constant(short_name() + "." + what, value.is_floating_point() ? value : value.to(at::kFloat));
}

std::string ScriptCall::reshaped(const std::string& value) const {
  Shape shape = result_.toTensor().sizes().vec();
  if (shape.empty() || shape[0] != batch_) refuse("changes how many examples there are");
  shape[0] = -1;
  return node("Reshape", {value, onnx.constant(short_name() + ".shape", shape)});
}

Shape ScriptCall::axes(size_t place, int64_t dimensions) const {
  if (!value(place).isIntList()) refuse("is of everything");
  Shape axes = list(place);
  for (int64_t& axis : axes) axis = axis < 0 ? axis + dimensions : axis;
  if (axes.empty() || std::find(axes.begin(), axes.end(), 0) != axes.end())
    refuse("works across the examples of a batch");
  return axes;
}

int64_t ScriptCall::axis(size_t place, int64_t dimensions) const {
  const int64_t index = integer(place), axis = index < 0 ? index + dimensions : index;
  if (axis == 0) refuse("works across the examples of a batch");
  return axis;
}

void ScriptCall::refuse(const std::string& why) const {
  throw Error(fmt::format("uses '{}' in a way that has no form in ONNX here: it {}", name_, why));
}

namespace {

using Attributes = OnnxBuilder::Attributes;

ScriptValue named(std::string name) {
  return {{}, std::move(name)};
}

Shape twice(Shape sides) {
  sides.insert(sides.end(), sides.begin(), sides.end());
  return sides;
}

/// An operation of one tensor that ONNX has under this name.
ScriptOperation unary(const char* operation, const Attributes& attributes = {}) {
  return [=](const ScriptCall& call) { return named(call.node(operation, {call.operand(0)}, attributes)); };
}

/// Of two tensors or numbers, entry by entry.
ScriptOperation binary(const char* operation) {
  return [=](const ScriptCall& call) {
    return named(call.node(operation, {call.repeated_operand(0), call.repeated_operand(1, "other")}));
  };
}

ScriptValue divide(const ScriptCall& call) {
  if (call.has(2)) call.refuse("rounds its quotients");
  return binary("Div")(call);
}

ScriptValue product(const ScriptCall& call) {
  return named(call.node("MatMul", {call.operand(0), call.operand(1, "other")}));
}

/// α y
std::string scaled(const ScriptCall& call, const std::string& value) {
  return call.has(2) && call.number(2) != 1 ? call.node("Mul", {value, call.constant("alpha", call.number(2))}) : value;
}

/// x + α y, x − α y
ScriptOperation scaled_sum(const char* operation) {
  return [=](const ScriptCall& call) {
    return named(call.node(operation, {call.repeated_operand(0), scaled(call, call.repeated_operand(1, "other"))}));
  };
}

/// y − α x
ScriptValue reversed_difference(const ScriptCall& call) {
  return named(call.node("Sub", {call.repeated_operand(1, "other"), scaled(call, call.repeated_operand(0))}));
}

ScriptValue identity(const ScriptCall& call) {
  return named(call.operand(0));
}
ScriptValue reshape(const ScriptCall& call) {
  return named(call.reshaped(call.operand(0)));
}

/// Pads: of the axes' beginnings, then of their ends.
std::string convolution(const ScriptCall& call, const Shape& stride, const Shape& pads, const Shape& dilation,
                        int64_t groups) {
  const Shape weight = call.tensor(1).sizes().vec();
  std::vector<std::string> inputs = {call.operand(0), call.operand(1, "weight")};
  if (call.has(2)) inputs.push_back(call.operand(2, "bias"));
  return call.node("Conv", inputs,
                   {{"kernel_shape", Shape(weight.begin() + 2, weight.end())},
                    {"strides", stride},
                    {"pads", pads},
                    {"dilations", dilation},
                    {"group", groups}});
}

ScriptValue conv(const ScriptCall& call) {
  const auto axes = static_cast<size_t>(call.tensor(1).dim() - 2);
  const Shape dilation = call.integers(5, axes);
  Shape pads(2 * axes, 0);  // those of "valid"
  if (!call.value(4).isString()) pads = twice(call.integers(4, axes));
  for (size_t i = 0; call.value(4).isString() && call.value(4).toStringRef() == "same" && i < axes; ++i) {
    const int64_t all = dilation[i] * (call.tensor(1).size(static_cast<int64_t>(i) + 2) - 1);
    pads[i] = all / 2;
    pads[axes + i] = all - all / 2;
  }
  return named(convolution(call, call.integers(3, axes), pads, dilation, call.integer(6)));
}

ScriptValue general_conv(const ScriptCall& call) {
  const auto axes = static_cast<size_t>(call.tensor(1).dim() - 2);
  if (call.value(6).toBool()) call.refuse("is transposed");
  return named(convolution(call, call.integers(3, axes), twice(call.integers(4, axes)), call.integers(5, axes),
                           call.integer(8)));
}

ScriptValue batch_norm(const ScriptCall& call) {
  if (call.value(5).toBool() || !call.has(3) || !call.has(4)) call.refuse("takes the batch's own mean");
  const at::Tensor mean = call.tensor(3);
  const auto part = [&](size_t place, const char* what, double otherwise) {
    return call.has(place) ? call.operand(place, what)
                           : call.onnx.constant(call.short_name() + "." + what, at::full_like(mean, otherwise));
  };
  return named(call.node(
      "BatchNormalization",
      {call.operand(0), part(1, "weight", 1), part(2, "bias", 0), call.operand(3, "mean"), call.operand(4, "variance")},
      {{"epsilon", call.number(7)}}));
}

ScriptValue clamp(const ScriptCall& call) {
  const auto bound = [&](size_t place, const char* what) {
    return call.has(place) ? call.constant(what, call.number(place)) : std::string();
  };
  return named(call.node("Clip", {call.operand(0), bound(1, "least"), bound(2, "most")}));
}

ScriptValue clamp_min(const ScriptCall& call) {
  return named(call.node("Clip", {call.operand(0), call.constant("least", call.number(1))}));
}
ScriptValue clamp_max(const ScriptCall& call) {
  return named(call.node("Clip", {call.operand(0), "", call.constant("most", call.number(1))}));
}

ScriptValue relu6(const ScriptCall& call) {
  return named(call.node("Clip", {call.operand(0), call.constant("least", 0), call.constant("most", 6)}));
}

ScriptValue leaky_relu(const ScriptCall& call) {
  return named(call.node("LeakyRelu", {call.operand(0)}, {{"alpha", call.number(1)}}));
}

/// max(x, 0) + w · min(x, 0), with one slope w or one for each channel
ScriptValue prelu(const ScriptCall& call) {
  if (call.argument(1).depends()) call.refuse("has slopes that depend on the input");
  const int64_t dimensions = call.tensor(0).dim();
  Shape shape(static_cast<size_t>(std::max<int64_t>(dimensions - 1, 1)), 1);
  shape[0] = -1;
  return named(call.node("PRelu", {call.operand(0), call.constant("slope", call.tensor(1).reshape(shape))}));
}

/// log(1 + exp(β x)) / β; PyTorch's is x itself for β x beyond the threshold, where the logarithm is that to float32's
/// precision
ScriptValue softplus(const ScriptCall& call) {
  constexpr double kSame = 15;  // log(1 + exp(15)) − 15 = 3e-7
  if (call.number(2) < kSame) call.refuse(fmt::format("is straight from {} on", call.number(2)));
  const double beta = call.number(1);
  if (beta == 1) return unary("Softplus")(call);
  const std::string scaled = call.node("Mul", {call.operand(0), call.constant("beta", beta)});
  return named(call.node("Div", {call.node("Softplus", {scaled}), call.constant("beta", beta)}));
}

ScriptValue elu(const ScriptCall& call) {
  if (call.number(2) != 1 || call.number(3) != 1) call.refuse("is scaled");
  return named(call.node("Elu", {call.operand(0)}, {{"alpha", call.number(1)}}));
}

ScriptValue hard_sigmoid(const ScriptCall& call) {
  return named(call.node("HardSigmoid", {call.operand(0)}, {{"alpha", 1.0 / 6}, {"beta", 0.5}}));
}

/// x · clip(x/6 + 1/2, 0, 1)
ScriptValue hard_swish(const ScriptCall& call) {
  return named(call.node("Mul", {call.operand(0), hard_sigmoid(call).onnx}));
}

/// x · σ(x)
ScriptValue silu(const ScriptCall& call) {
  return named(call.node("Mul", {call.operand(0), call.node("Sigmoid", {call.operand(0)})}));
}

/// x/2 · (1 + erf(x/√2))
ScriptValue gelu(const ScriptCall& call) {
  if (call.has(1) && call.value(1).toStringRef() != "none") call.refuse("is approximated");
  const std::string x = call.operand(0), root = call.node("Mul", {x, call.constant("root", 0.7071067811865476)});
  const std::string sum = call.node("Add", {call.node("Erf", {root}), call.constant("one", 1)});
  return named(call.node("Mul", {call.node("Mul", {x, sum}), call.constant("half", 0.5)}));
}

ScriptValue max_pool(const ScriptCall& call) {
  constexpr size_t kAxes = 2;
  const Shape kernel = call.integers(1, kAxes), stride = call.list(2).empty() ? kernel : call.integers(2, kAxes);
  return named(call.node("MaxPool", {call.operand(0)},
                         {{"kernel_shape", kernel},
                          {"strides", stride},
                          {"pads", twice(call.integers(3, kAxes))},
                          {"dilations", call.integers(4, kAxes)},
                          {"ceil_mode", static_cast<int64_t>(call.value(5).toBool())}}));
}

ScriptValue average_pool(const ScriptCall& call) {
  constexpr size_t kAxes = 2;
  const Shape kernel = call.integers(1, kAxes), stride = call.list(2).empty() ? kernel : call.integers(2, kAxes);
  if (call.has(6) || call.value(4).toBool()) call.refuse("divides by a number of its own, or reaches over the border");
  return named(call.node("AveragePool", {call.operand(0)},
                         {{"kernel_shape", kernel},
                          {"strides", stride},
                          {"pads", twice(call.integers(3, kAxes))},
                          {"count_include_pad", static_cast<int64_t>(call.value(5).toBool())}}));
}

/// Windows of one size where the output's sides divide the input's; else products with the weights of each window.
ScriptValue adaptive_pool(const ScriptCall& call) {
  const Shape in = call.tensor(0).sizes().slice(2).vec(), out = call.result().toTensor().sizes().slice(2).vec();
  if (in == out) return identity(call);
  if (out == Shape{1, 1}) return named(call.node("GlobalAveragePool", {call.operand(0)}));
  if (in[0] % out[0] != 0 || in[1] % out[1] != 0) {
    const auto weights = [](int64_t from, int64_t to) {  // what unit vectors become, [from, to]
      return at::adaptive_avg_pool2d(at::eye(from).reshape({from, 1, 1, from}), {1, to}).reshape({from, to});
    };
    const std::string rows = call.onnx.constant(call.short_name() + ".rows", weights(in[0], out[0]).t());
    const std::string columns = call.onnx.constant(call.short_name() + ".columns", weights(in[1], out[1]));
    return named(call.node("MatMul", {call.node("MatMul", {rows, call.operand(0)}), columns}));
  }
  const Shape kernel = {in[0] / out[0], in[1] / out[1]};
  return named(call.node("AveragePool", {call.operand(0)}, {{"kernel_shape", kernel}, {"strides", kernel}}));
}

/// Of the axes in the second argument.
ScriptOperation reduction(const char* operation) {
  return [=](const ScriptCall& call) {
    const Shape axes = call.axes(1, call.tensor(0).dim());
    return named(call.node(operation, {call.operand(0)},
                           {{"axes", axes}, {"keepdims", static_cast<int64_t>(call.value(2).toBool())}}));
  };
}

/// torch.max and torch.min: of two tensors, or along an axis.
ScriptOperation extreme(const char* of_two, const char* along_axis) {
  return [=](const ScriptCall& call) {
    if (!call.has(1)) call.refuse("takes one value of all examples together");
    if (call.value(1).isTensor()) return binary(of_two)(call);
    const Shape axes = {call.axis(1, call.tensor(0).dim())};
    return named(call.node(along_axis, {call.operand(0)},
                           {{"axes", axes}, {"keepdims", static_cast<int64_t>(call.value(2).toBool())}}));
  };
}

/// ONNX takes the axes of this one as an input.
ScriptValue sum(const ScriptCall& call) {
  const std::string axes = call.onnx.constant("sum.axes", call.axes(1, call.tensor(0).dim()));
  return named(
      call.node("ReduceSum", {call.operand(0), axes}, {{"keepdims", static_cast<int64_t>(call.value(2).toBool())}}));
}

/// x Wᵀ + b, for any number of axes before the last.
ScriptValue linear(const ScriptCall& call) {
  const std::string weight = call.onnx.constant(call.short_name() + ".weight", call.tensor(1).t());
  const std::string product = call.node("MatMul", {call.operand(0), weight});
  return named(call.has(2) ? call.node("Add", {product, call.operand(2, "bias")}) : product);
}

/// β b + α x y
ScriptValue addmm(const ScriptCall& call) {
  if (call.number(3) != 1 || call.number(4) != 1) call.refuse("is scaled");
  return named(call.node(
      "Add", {call.node("MatMul", {call.operand(1, "first"), call.operand(2, "second")}), call.operand(0, "bias")}));
}

ScriptValue permute(const ScriptCall& call) {
  Shape order = call.list(1);
  for (int64_t& axis : order) axis = axis < 0 ? axis + static_cast<int64_t>(order.size()) : axis;
  if (order.front() != 0) call.refuse("moves the batch's axis");
  return named(call.node("Transpose", {call.operand(0)}, {{"perm", order}}));
}

/// Repeats axes of extent 1; the batch axis stays as it is.
ScriptValue expand(const ScriptCall& call) {
  Shape shape = call.result().toTensor().sizes().vec();
  if (call.tensor(0).dim() != static_cast<int64_t>(shape.size()) || call.tensor(0).size(0) != shape[0])
    call.refuse("repeats a batch");
  shape[0] = 1;
  return named(call.node("Expand", {call.operand(0), call.onnx.constant("expand.shape", shape)}));
}

ScriptValue transpose(const ScriptCall& call) {
  const int64_t dimensions = call.tensor(0).dim();
  Shape order;
  for (int64_t axis = 0; axis < dimensions; ++axis) order.push_back(axis);
  std::swap(order[static_cast<size_t>(call.axis(1, dimensions))], order[static_cast<size_t>(call.axis(2, dimensions))]);
  return named(call.node("Transpose", {call.operand(0)}, {{"perm", order}}));
}

/// The tensors of a list. A constant that is the same for all examples is repeated as often as another of them has
/// examples.
std::vector<std::string> operands_of_list(const ScriptCall& call) {
  const ScriptValue& list = call.argument(0);
  const auto tensors = list.value.toTensorVector();
  std::vector<std::string> names(tensors.size());
  for (size_t i = 0; i < std::min(tensors.size(), list.elements.size()); ++i) names[i] = list.elements[i].onnx;
  const auto dependent =
      std::find_if(names.begin(), names.end(), [](const std::string& name) { return !name.empty(); });
  if (dependent == names.end()) call.refuse("has no tensor that depends on the input");
  const auto integers = [&](const char* what, const Shape& numbers) {
    return call.onnx.constant(call.short_name() + "." + what, numbers);
  };
  std::string examples;
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (!names[i].empty()) continue;
    if (!is_repeated(tensors[i], tensors[i].dim(), call.batch())) {
      names[i] = call.constant("part", tensors[i]);
      continue;
    }
    if (examples.empty())
      examples = call.node("Slice", {call.node("Shape", {*dependent}), integers("begin", {0}), integers("end", {1})});
    const std::string first = call.constant("part", tensors[i].narrow(0, 0, 1));
    if (tensors[i].dim() == 1)
      names[i] = call.node("Expand", {first, examples});
    else
      names[i] = call.node(
          "Expand",
          {first, call.node("Concat", {examples, integers("ones", Shape(static_cast<size_t>(tensors[i].dim()) - 1, 1))},
                            {{"axis", 0}})});
  }
  return names;
}

ScriptValue concatenate(const ScriptCall& call) {
  const int64_t axis = call.axis(1, call.result().toTensor().dim());
  return named(call.node("Concat", operands_of_list(call), {{"axis", axis}}));
}

/// Each tensor gets the new axis, along which they are put together.
ScriptValue stack(const ScriptCall& call) {
  const int64_t axis = call.axis(1, call.result().toTensor().dim());
  std::vector<std::string> names = operands_of_list(call);
  for (std::string& name : names) name = call.node("Unsqueeze", {name, call.onnx.constant("stack.axis", Shape{axis})});
  return named(call.node("Concat", names, {{"axis", axis}}));
}

/// Given from the last axis on: before, after, before, after, …; negative ones cut.
ScriptValue padded(const ScriptCall& call, double filling) {
  const auto dimensions = static_cast<size_t>(call.tensor(0).dim());
  const Shape amounts = call.list(1);
  if (amounts.size() >= 2 * dimensions) call.refuse("pads the batch");
  Shape pads(2 * dimensions, 0);
  for (size_t i = 0; i + 1 < amounts.size(); i += 2) {
    pads[dimensions - 1 - i / 2] = amounts[i];
    pads[2 * dimensions - 1 - i / 2] = amounts[i + 1];
  }
  return named(
      call.node("Pad", {call.operand(0), call.onnx.constant("pad.pads", pads), call.constant("filling", filling)}));
}

ScriptValue constant_pad(const ScriptCall& call) {
  return padded(call, call.number(2));
}

ScriptValue pad(const ScriptCall& call) {
  if (call.value(2).toStringRef() != "constant")
    call.refuse(fmt::format("fills by the mode '{}'", call.value(2).toStringRef()));
  return padded(call, call.has(3) ? call.number(3) : 0);
}

std::string slice_of(const ScriptCall& call, int64_t axis, int64_t begin, int64_t end, int64_t step = 1) {
  const auto list = [&](const char* what, int64_t number) {
    return call.onnx.constant(call.short_name() + "." + what, std::vector<int64_t>{number});
  };
  return call.node("Slice",
                   {call.operand(0), list("begin", begin), list("end", end), list("axis", axis), list("step", step)});
}

/// All parts of a list of tensors, one after the other along an axis.
ScriptValue parts(const ScriptCall& call) {
  const int64_t axis = call.axis(2, call.tensor(0).dim());
  ScriptValue all;
  int64_t begin = 0;
  for (const at::Tensor& part : call.result().toTensorVector()) {
    all.elements.push_back({part, slice_of(call, axis, begin, begin + part.size(axis))});
    begin += part.size(axis);
  }
  return all;
}

ScriptValue slice(const ScriptCall& call) {
  const int64_t dimensions = call.tensor(0).dim(), index = call.integer(1),
                axis = index < 0 ? index + dimensions : index;
  const int64_t extent = call.tensor(0).size(axis), begin = call.has(2) ? call.integer(2) : 0,
                end = call.has(3) ? call.integer(3) : extent;
  if (axis == 0 && begin == 0 && end >= extent) return identity(call);
  if (axis == 0) call.refuse("takes some of a batch's examples");
  return named(slice_of(call, axis, begin, std::min(end, extent), call.integer(4)));
}

ScriptValue select(const ScriptCall& call) {
  const int64_t axis = call.axis(1, call.tensor(0).dim()), index = call.integer(2);
  const int64_t at = index < 0 ? index + call.tensor(0).size(axis) : index;
  return named(call.reshaped(slice_of(call, axis, at, at + 1)));
}

ScriptValue channel_shuffle(const ScriptCall& call) {
  const Shape shape = call.tensor(0).sizes().vec();
  const int64_t groups = call.integer(1);
  const std::string apart = call.onnx.constant(call.short_name() + ".groups",
                                               std::vector<int64_t>{-1, groups, shape[1] / groups, shape[2], shape[3]});
  return named(call.reshaped(
      call.node("Transpose", {call.node("Reshape", {call.operand(0), apart})}, {{"perm", Shape{0, 2, 1, 3, 4}}})));
}

ScriptOperation softmax(const char* operation) {
  return [=](const ScriptCall& call) {
    return named(call.node(operation, {call.operand(0)}, {{"axis", call.axis(1, call.tensor(0).dim())}}));
  };
}

ScriptValue dropout(const ScriptCall& call) {
  if (call.value(2).toBool()) call.refuse("drops in evaluation too");
  return identity(call);
}

/// (x − μ) / √(σ² + ε) · γ + β over the last axes
ScriptValue layer_norm(const ScriptCall& call) {
  Shape axes;
  for (size_t i = 0; i < call.list(1).size(); ++i) axes.insert(axes.begin(), -static_cast<int64_t>(i) - 1);
  const auto mean_of = [&](const std::string& value) {
    return call.node("ReduceMean", {value}, {{"axes", axes}, {"keepdims", 1}});
  };
  const std::string centred = call.node("Sub", {call.operand(0), mean_of(call.operand(0))});
  const std::string variance = mean_of(call.node("Mul", {centred, centred}));
  const std::string deviation =
      call.node("Sqrt", {call.node("Add", {variance, call.constant("epsilon", call.number(4))})});
  std::string normed = call.node("Div", {centred, deviation});
  if (call.has(2)) normed = call.node("Mul", {normed, call.operand(2, "weight")});
  if (call.has(3)) normed = call.node("Add", {normed, call.operand(3, "bias")});
  return named(normed);
}

const std::map<std::string, ScriptOperation>& table() {
  static const std::map<std::string, ScriptOperation> all = {{"conv1d", conv},
                                                             {"conv2d", conv},
                                                             {"conv3d", conv},
                                                             {"_convolution", general_conv},
                                                             {"batch_norm", batch_norm},
                                                             {"relu", unary("Relu")},
                                                             {"relu6", relu6},
                                                             {"hardtanh", clamp},
                                                             {"clamp", clamp},
                                                             {"leaky_relu", leaky_relu},
                                                             {"elu", elu},
                                                             {"sigmoid", unary("Sigmoid")},
                                                             {"tanh", unary("Tanh")},
                                                             {"hardsigmoid", hard_sigmoid},
                                                             {"hardswish", hard_swish},
                                                             {"silu", silu},
                                                             {"gelu", gelu},
                                                             {"erf", unary("Erf")},
                                                             {"exp", unary("Exp")},
                                                             {"log", unary("Log")},
                                                             {"sqrt", unary("Sqrt")},
                                                             {"neg", unary("Neg")},
                                                             {"abs", unary("Abs")},
                                                             {"max_pool2d", max_pool},
                                                             {"avg_pool2d", average_pool},
                                                             {"adaptive_avg_pool2d", adaptive_pool},
                                                             {"mean", reduction("ReduceMean")},
                                                             {"linear", linear},
                                                             {"addmm", addmm},
                                                             {"matmul", product},
                                                             {"mm", product},
                                                             {"bmm", product},
                                                             {"add", scaled_sum("Add")},
                                                             {"sub", scaled_sum("Sub")},
                                                             {"mul", binary("Mul")},
                                                             {"div", divide},
                                                             {"pow", binary("Pow")},
                                                             {"maximum", binary("Max")},
                                                             {"minimum", binary("Min")},
                                                             {"max", extreme("Max", "ReduceMax")},
                                                             {"min", extreme("Min", "ReduceMin")},
                                                             {"flatten", reshape},
                                                             {"view", reshape},
                                                             {"reshape", reshape},
                                                             {"squeeze", reshape},
                                                             {"unsqueeze", reshape},
                                                             {"permute", permute},
                                                             {"transpose", transpose},
                                                             {"expand", expand},
                                                             {"expand_as", expand},
                                                             {"broadcast_to", expand},
                                                             {"cat", concatenate},
                                                             {"chunk", parts},
                                                             {"split", parts},
                                                             {"split_with_sizes", parts},
                                                             {"slice", slice},
                                                             {"select", select},
                                                             {"channel_shuffle", channel_shuffle},
                                                             {"softmax", softmax("Softmax")},
                                                             {"log_softmax", softmax("LogSoftmax")},
                                                             {"dropout", dropout},
                                                             {"feature_dropout", dropout},
                                                             {"layer_norm", layer_norm},
                                                             {"contiguous", identity},
                                                             {"clone", identity},
                                                             {"detach", identity},
                                                             {"to", identity},
                                                             {"alias", identity},
                                                             {"type_as", identity},
                                                             {"_convolution_mode", conv},
                                                             {"rsub", reversed_difference},
                                                             {"clamp_min", clamp_min},
                                                             {"clamp_max", clamp_max},
                                                             {"prelu", prelu},
                                                             {"softplus", softplus},
                                                             {"sum", sum},
                                                             {"amax", reduction("ReduceMax")},
                                                             {"amin", reduction("ReduceMin")},
                                                             {"stack", stack},
                                                             {"constant_pad_nd", constant_pad},
                                                             {"pad", pad}};
  return all;
}

}  // namespace

const ScriptOperation* script_operation(const std::string& name) {
  constexpr std::string_view kSpace = "aten::";
  if (!name.starts_with(kSpace)) return nullptr;
  std::string bare = name.substr(kSpace.size());
  auto found = table().find(bare);
  if (found == table().end() && bare.ends_with("_")) found = table().find(bare.substr(0, bare.size() - 1));
  return found == table().end() ? nullptr : &found->second;
}

}  // namespace limbeck
