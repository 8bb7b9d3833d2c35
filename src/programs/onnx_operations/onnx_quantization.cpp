// Numbers in bytes.
#include <ATen/TensorOperators.h>

#include <limits>

#include "programs/onnx_operations.h"
#include "programs/onnx_operations/onnx_windows.h"

namespace limbeck {
namespace {

using Value = TriedProgram::Value;

/// Scales and zero points of an axis, shaped so that they go with a tensor of this rank.
Value* along_axis(OnnxCall& call, size_t place, int64_t axis, int64_t rank) {
  const Shape shape = call.shape(place);
  if (shape.empty() || rank <= 1) return call.tensor(place);
  if (shape.size() != 1) call.refuse("has scales in blocks");
  if (shape[0] == 1) return call.reshape(call.tensor(place), Shape());
  Shape wide(static_cast<size_t>(rank), 1);
  wide[static_cast<size_t>(call.axis(axis, rank))] = -1;
  return call.reshape(call.tensor(place), wide);
}

/// Rounded, kept in the type's range.
Value* in_bytes(OnnxCall& call, Value* value, at::ScalarType type) {
  if (type != at::kByte && type != at::kChar) call.refuse("gives numbers that are no bytes");
  const int64_t least = type == at::kByte ? 0 : -128, most = type == at::kByte ? 255 : 127;
  return call.call("aten::to", {call.call("aten::clamp", {value, least, most}), type});
}

/// round(x / s) + z
OnnxValues onnx_quantize(OnnxCall& call) {
  const int64_t axis = call.integer("axis", 1), rank = call.rank(0);
  if (call.integer("block_size", 0) != 0) call.refuse("has scales in blocks");
  Value* rounded =
      call.call("aten::round", {call.call("aten::div", {call.tensor(0), along_axis(call, 1, axis, rank)})});
  if (!call.has(2)) return {in_bytes(call, rounded, at::kByte)};
  return {in_bytes(call, call.call("aten::add", {rounded, along_axis(call, 2, axis, rank)}), call.type(2))};
}

/// (q − z) s
Value* dequantized(OnnxCall& call, size_t place, size_t scale, size_t zero, int64_t axis, at::ScalarType type) {
  const int64_t rank = call.rank(place);
  Value* value = call.cast(call.tensor(place), type);
  if (call.has(zero)) value = call.call("aten::sub", {value, call.cast(along_axis(call, zero, axis, rank), type)});
  return call.call("aten::mul", {value, call.cast(along_axis(call, scale, axis, rank), type)});
}

OnnxValues onnx_dequantize(OnnxCall& call) {
  if (call.integer("block_size", 0) != 0) call.refuse("has scales in blocks");
  return {dequantized(call, 0, 1, 2, call.integer("axis", 1), call.type(1))};
}

/// By the range of what there is: y, its scale and its zero point.
OnnxValues onnx_dynamic_quantize(OnnxCall& call) {
  Value* value = call.tensor(0);
  Value* most = call.call("aten::clamp_min", {call.call("aten::max", {value}), 0});
  Value* least = call.call("aten::clamp_max", {call.call("aten::min", {value}), 0});
  Value* scale = call.call("aten::div", {call.call("aten::sub", {most, least}), 255});
  Value* zero = call.call("aten::round", {call.call("aten::div", {call.call("aten::neg", {least}), scale})});
  zero = call.call("aten::clamp", {zero, 0, 255});
  Value* rounded = call.call("aten::round", {call.call("aten::div", {value, scale})});
  return {in_bytes(call, call.call("aten::add", {rounded, zero}), at::kByte), scale, call.cast(zero, at::kByte)};
}

/// As float64, which holds their products and sums.
Value* centred(OnnxCall& call, size_t place, size_t zero, int64_t axis) {
  Value* value = call.cast(call.tensor(place), at::kDouble);
  if (!call.has(zero)) return value;
  return call.call("aten::sub", {value, call.cast(along_axis(call, zero, axis, call.rank(place)), at::kDouble)});
}

OnnxValues onnx_matmul_integer(OnnxCall& call) {
  if (call.rank(0) < 2 || call.rank(1) < 2) call.refuse("expected matrices");
  Value* product = call.call("aten::matmul", {centred(call, 0, 2, -2), centred(call, 1, 3, -1)});
  return {call.cast(product, at::kInt)};
}

Value* convolved(OnnxCall& call, Value* value, Value* weight, size_t place_of_weight, Value* bias) {
  const Shape shape = call.shape(place_of_weight), whole = call.shape(0);
  if (shape.size() < 3 || whole.size() != shape.size()) call.refuse("has weights of another rank");
  const OnnxWindow window = onnx_window(call, {shape.begin() + 2, shape.end()}, {whole.begin() + 2, whole.end()});
  const int64_t groups = call.integer("group", 1);
  if (groups < 1) call.refuse(fmt::format("has {} groups", groups));
  const std::array<const char*, 3> names = {"aten::conv1d", "aten::conv2d", "aten::conv3d"};
  value = call.call("aten::constant_pad_nd", {value, onnx_amounts(window.before, window.after), 0.0});
  return call.call(names.at(window.axes() - 1),
                   {value, weight, bias, window.stride, Shape(window.axes(), 0), window.dilation, groups});
}

OnnxValues onnx_conv_integer(OnnxCall& call) {
  return {call.cast(convolved(call, centred(call, 0, 2, 1), centred(call, 1, 3, 0), 1, call.none()), at::kInt)};
}

/// A result in bytes, of one in numbers.
Value* requantized(OnnxCall& call, Value* value, size_t scale, size_t zero) {
  if (call.example(scale).numel() != 1) call.refuse("has several scales of its result");
  Value* rounded =
      call.call("aten::round", {call.call("aten::div", {value, call.cast(call.tensor(scale), at::kDouble)})});
  return in_bytes(call, call.call("aten::add", {rounded, call.tensor(zero)}), call.type(zero));
}

OnnxValues onnx_quantized_matmul(OnnxCall& call) {
  if (call.rank(0) < 2 || call.rank(3) < 2) call.refuse("expected matrices");
  Value* first = dequantized(call, 0, 1, 2, -2, at::kDouble);
  Value* second = dequantized(call, 3, 4, 5, -1, at::kDouble);
  return {requantized(call, call.call("aten::matmul", {first, second}), 6, 7)};
}

OnnxValues onnx_quantized_convolution(OnnxCall& call) {
  Value* value = dequantized(call, 0, 1, 2, 1, at::kDouble);
  Value* weight = dequantized(call, 3, 4, 5, 0, at::kDouble);
  Value* bias = call.none();
  if (call.has(8)) {
    Value* scale =
        call.call("aten::mul", {call.cast(call.tensor(1), at::kDouble), call.cast(call.tensor(4), at::kDouble)});
    bias = call.call("aten::mul", {call.cast(call.tensor(8), at::kDouble), scale});
  }
  return {requantized(call, convolved(call, value, weight, 3, bias), 6, 7)};
}

}  // namespace

OnnxOperations onnx_quantization() {
  return {
      {"ConvInteger", {onnx_conv_integer}},
      {"DequantizeLinear", {onnx_dequantize}},
      {"DynamicQuantizeLinear", {onnx_dynamic_quantize}},
      {"MatMulInteger", {onnx_matmul_integer}},
      {"QLinearConv", {onnx_quantized_convolution}},
      {"QLinearMatMul", {onnx_quantized_matmul}},
      {"QuantizeLinear", {onnx_quantize}},
  };
}

}  // namespace limbeck
