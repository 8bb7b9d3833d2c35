// Pooling.
#include <ATen/TensorOperators.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/ones.h>

#include <algorithm>
#include <limits>

#include "programs/onnx_operations.h"
#include "programs/onnx_operations/onnx_windows.h"

namespace limbeck {
namespace {

using Value = TriedProgram::Value;

Shape sides_of(OnnxCall& call, size_t place) {
  const Shape shape = call.shape(place);
  if (shape.size() < 3) call.refuse(fmt::format("is of {}; expected examples, channels and sides", to_text(shape)));
  return {shape.begin() + 2, shape.end()};
}

const char* pool_name(size_t axes, const std::array<const char*, 3>& names) {
  return names.at(axes - 1);
}

OnnxWindow pool_window(OnnxCall& call) {
  const auto kernel = call.integer_list("kernel_shape");
  if (!kernel) call.refuse("expected an attribute 'kernel_shape'");
  OnnxWindow window = onnx_window(call, *kernel, sides_of(call, 0));
  for (size_t i = 0; i < window.axes(); ++i)
    if (window.before[i] < 0 || window.after[i] < 0) call.refuse("has a negative pad");
  return window;
}

/// Whether LibTorch pads so itself.
bool is_native(const OnnxWindow& window) {
  bool is_small = window.is_symmetric();
  for (size_t i = 0; i < window.axes(); ++i) is_small &= 2 * window.before[i] <= window.kernel[i];
  return is_small;
}

/// What is added at the ends, so that rounding down gives as many windows as rounding up: windows that begin in the
/// padding at the end do not count.
Shape added_at_ends(const OnnxWindow& window, const Shape& sides) {
  Shape added(window.axes(), 0);
  for (size_t i = 0; window.rounds_up && i < window.axes(); ++i) {
    const int64_t whole = sides[i] + window.before[i] + window.after[i], stride = window.stride[i];
    int64_t windows = (whole - window.reach(i) + stride - 1) / stride + 1;
    if ((windows - 1) * stride >= sides[i] + window.before[i]) --windows;
    added[i] = std::max<int64_t>((windows - 1) * stride + window.reach(i) - whole, 0);
  }
  return added;
}

Shape sum_of_shapes(Shape first, const Shape& second) {
  for (size_t i = 0; i < first.size(); ++i) first[i] += second[i];
  return first;
}

OnnxValues onnx_max_pool(OnnxCall& call) {
  if (call.wants(1)) call.refuse("is asked for the places of the greatest");
  const OnnxWindow window = pool_window(call);
  const at::ScalarType type = call.type(0);
  Value* value = call.is_float(0) ? call.tensor(0) : call.cast(call.tensor(0), at::kFloat);
  const char* operation = pool_name(window.axes(), {"aten::max_pool1d", "aten::max_pool2d", "aten::max_pool3d"});
  Shape padding = window.before;
  bool rounds_up = window.rounds_up;
  if (!is_native(window)) {
    const Shape ends = sum_of_shapes(window.after, added_at_ends(window, sides_of(call, 0)));
    value = call.call("aten::constant_pad_nd",
                      {value, onnx_amounts(window.before, ends), -std::numeric_limits<double>::infinity()});
    padding = Shape(window.axes(), 0);
    rounds_up = false;
  }
  return {call.cast(call.call(operation, {value, window.kernel, window.stride, padding, window.dilation, rounds_up}),
                    type)};
}

OnnxValues onnx_average_pool(OnnxCall& call) {
  const OnnxWindow window = pool_window(call);
  const bool counts_pads = call.integer("count_include_pad", 0) != 0;
  for (const int64_t dilation : window.dilation)
    if (dilation != 1) call.refuse("has gaps in its windows");
  const char* operation = pool_name(window.axes(), {"aten::avg_pool1d", "aten::avg_pool2d", "aten::avg_pool3d"});
  const Shape none(window.axes(), 0);
  if (is_native(window))
    return {call.call(operation,
                      {call.tensor(0), window.kernel, window.stride, window.before, window.rounds_up, counts_pads})};
  // The mean of all entries of a window, over that of ones where there is something to count.
  const Shape sides = sides_of(call, 0), added = added_at_ends(window, sides),
              ends = sum_of_shapes(window.after, added);
  const auto mean = [&](Value* value) {
    return call.call(operation, {value, window.kernel, window.stride, none, false, true});
  };
  Value* sums = mean(call.call("aten::constant_pad_nd", {call.tensor(0), onnx_amounts(window.before, ends), 0.0}));
  Shape shape = {1, 1};
  shape.insert(shape.end(), sides.begin(), sides.end());
  at::Tensor ones = at::ones(shape, call.type(0));
  ones = at::constant_pad_nd(ones, onnx_amounts(window.before, window.after), counts_pads ? 1.0 : 0.0);
  ones = at::constant_pad_nd(ones, onnx_amounts(none, added), 0.0);
  return {call.call("aten::div", {sums, mean(call.program.constant(ones))})};
}

Shape spatial_axes(OnnxCall& call) {
  Shape axes;
  for (size_t i = 0; i < sides_of(call, 0).size(); ++i) axes.push_back(static_cast<int64_t>(i) + 2);
  return axes;
}

OnnxValues onnx_global_average_pool(OnnxCall& call) {
  const Shape axes = spatial_axes(call);
  if (axes.size() == 2) return {call.call("aten::adaptive_avg_pool2d", {call.tensor(0), Shape{1, 1}})};
  return {call.call("aten::mean", {call.tensor(0), axes, true})};
}

OnnxValues onnx_global_max_pool(OnnxCall& call) {
  return {call.call("aten::amax", {call.tensor(0), spatial_axes(call), true})};
}

OnnxValues onnx_lp_pool(OnnxCall& call) {
  const OnnxWindow window = pool_window(call);
  const int64_t order = call.integer("p", 2);
  if (order < 1 || !is_native(window) || window.rounds_up)
    call.refuse("has a norm or padding that LibTorch does not have");
  for (const int64_t dilation : window.dilation)
    if (dilation != 1) call.refuse("has gaps in its windows");
  const char* operation = pool_name(window.axes(), {"aten::avg_pool1d", "aten::avg_pool2d", "aten::avg_pool3d"});
  Value* powers = call.call("aten::pow", {call.call("aten::abs", {call.tensor(0)}), order});
  Value* mean = call.call(operation, {powers, window.kernel, window.stride, window.before, false, true});
  int64_t count = 1;
  for (const int64_t extent : window.kernel) count *= extent;
  return {call.call("aten::pow", {call.call("aten::mul", {mean, count}), 1.0 / static_cast<double>(order)})};
}

OnnxValues onnx_global_lp_pool(OnnxCall& call) {
  const int64_t order = call.integer("p", 2);
  if (order < 1) call.refuse(fmt::format("is of the norm {}", order));
  return {call.call("aten::norm", {call.tensor(0), order, spatial_axes(call), true})};
}

}  // namespace

OnnxOperations onnx_pools() {
  return {
      {"AveragePool", {onnx_average_pool}},
      {"GlobalAveragePool", {onnx_global_average_pool}},
      {"GlobalLpPool", {onnx_global_lp_pool}},
      {"GlobalMaxPool", {onnx_global_max_pool}},
      {"LpPool", {onnx_lp_pool}},
      {"MaxPool", {onnx_max_pool}},
  };
}

}  // namespace limbeck
