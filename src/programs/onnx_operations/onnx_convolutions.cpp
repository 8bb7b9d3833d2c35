// Convolutions.
#include <ATen/TensorOperators.h>

#include <algorithm>

#include "programs/onnx_operations.h"
#include "programs/onnx_operations/onnx_windows.h"

namespace limbeck {
namespace {

using Value = TriedProgram::Value;
using Weights = OnnxOperationEntry::Weights;

const char* by_axes(size_t axes, const std::array<const char*, 3>& names) {
  return names.at(axes - 1);
}

Shape behind(const Shape& shape, size_t first) {
  return {shape.begin() + static_cast<std::ptrdiff_t>(std::min(first, shape.size())), shape.end()};
}

struct ConvolutionShape {
  OnnxWindow window;
  int64_t groups;
};

ConvolutionShape convolution_shape(OnnxCall& call) {
  const Shape weight = call.shape(1), shape = call.shape(0);
  if (weight.size() < 3 || shape.size() != weight.size())
    call.refuse(
        fmt::format("is of {} with weights {}; expected as many axes, three or more", to_text(shape), to_text(weight)));
  const Shape kernel = behind(weight, 2);
  if (call.integer_list("kernel_shape").value_or(kernel) != kernel)
    call.refuse("has a 'kernel_shape' that is not that of its weights");
  const int64_t groups = call.integer("group", 1);
  if (groups < 1) call.refuse(fmt::format("has {} groups", groups));
  return {onnx_window(call, kernel, behind(shape, 2)), groups};
}

Value* channels_shaped(OnnxCall& call, Value* bias, size_t axes) {
  Shape shape(axes + 1, 1);
  shape[0] = -1;
  return call.reshape(bias, shape);
}

OnnxValues onnx_convolution(OnnxCall& call) {
  const auto [window, groups] = convolution_shape(call);
  Value* value = call.tensor(0);
  Shape padding = window.before;
  const bool is_negative = std::any_of(padding.begin(), padding.end(), [](int64_t amount) { return amount < 0; });
  if (!window.is_symmetric() || is_negative) {
    value = call.call("aten::constant_pad_nd", {value, onnx_amounts(window.before, window.after), 0.0});
    padding = Shape(window.axes(), 0);
  }
  const char* operation = by_axes(window.axes(), {"aten::conv1d", "aten::conv2d", "aten::conv3d"});
  Value* bias = call.has(2) ? call.tensor(2) : call.none();
  return {call.call(operation, {value, call.tensor(1), bias, window.stride, padding, window.dilation, groups})};
}

OnnxValues onnx_transposed_convolution(OnnxCall& call) {
  auto [window, groups] = convolution_shape(call);
  const size_t axes = window.axes();
  const Shape sides = behind(call.shape(0), 2);
  Shape more = call.integer_list("output_padding").value_or(Shape(axes, 0));
  if (more.size() != axes) call.refuse("has an 'output_padding' of another length");
  const std::string by_itself = call.text("auto_pad", "NOTSET");
  std::optional<Shape> wanted = call.integer_list("output_shape");
  if (wanted && wanted->size() > axes) wanted = behind(*wanted, wanted->size() - axes);
  if (wanted && wanted->size() != axes) call.refuse("has an 'output_shape' of another length");
  const bool is_same = by_itself.starts_with("SAME");
  Shape whole(axes);  // the extents without padding
  for (size_t i = 0; i < axes; ++i) whole[i] = window.stride[i] * (sides[i] - 1) + window.reach(i);
  for (size_t i = 0; (is_same || wanted) && i < axes; ++i) {
    const int64_t extent = wanted ? (*wanted)[i] : sides[i] * window.stride[i];
    if (extent < 1) call.refuse("has an extent below 1 in its 'output_shape'");
    const int64_t all = whole[i] + more[i] - extent;
    window.before[i] = by_itself == "SAME_UPPER" ? all / 2 : all - (all / 2);
    if (all < 0) window.before[i] = 0;
    window.after[i] = all - window.before[i];
  }
  const auto fits = [&, &window = window](size_t i) {
    return more[i] < std::max(window.stride[i], window.dilation[i]) && window.before[i] >= 0;
  };
  bool is_plain = window.is_symmetric();
  for (size_t i = 0; i < axes; ++i) is_plain &= fits(i) && more[i] >= 0;
  const char* operation = by_axes(axes, {"aten::conv_transpose1d", "aten::conv_transpose2d", "aten::conv_transpose3d"});
  Value* bias = call.has(2) ? call.tensor(2) : call.none();
  if (is_plain)
    return {call.call(operation, {call.tensor(0), call.tensor(1), bias, window.stride, window.before, more, groups,
                                  window.dilation})};
  const Shape none(axes, 0);
  Value* value = call.call(
      operation, {call.tensor(0), call.tensor(1), call.none(), window.stride, none, none, groups, window.dilation});
  Shape before(axes), after(axes);
  for (size_t i = 0; i < axes; ++i) {
    before[i] = -window.before[i];
    after[i] = more[i] - window.after[i];
  }
  value = call.call("aten::constant_pad_nd", {value, onnx_amounts(before, after), 0.0});
  return {call.has(2) ? call.call("aten::add", {value, channels_shaped(call, call.tensor(2), axes)}) : value};
}

}  // namespace

OnnxOperations onnx_convolutions() {
  return {
      {"Conv", {onnx_convolution, Weights::trained}},
      {"ConvTranspose", {onnx_transposed_convolution, Weights::trained}},
  };
}

}  // namespace limbeck
