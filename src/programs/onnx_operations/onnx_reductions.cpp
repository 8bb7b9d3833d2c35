// Sums, means and extremes over axes.
#include <ATen/TensorOperators.h>

#include "programs/onnx_operations.h"

namespace limbeck {
namespace {

using Value = TriedProgram::Value;

/// Applies `reduce` (tensor, axes, keeps them) to the axes that a node names.
using Reduction = std::function<Value*(OnnxCall&, Value*, const Shape&, bool)>;

OnnxOperation reduction(int64_t as_input, const Reduction& reduce) {
  return [=](OnnxCall& call) -> OnnxValues {
    const int64_t rank = call.rank(0);
    const auto given = call.integers_by_opset("axes", as_input, 1);
    const bool is_of_all = !given || given->empty();
    if (is_of_all && call.integer("noop_with_empty_axes", 0) != 0) return {call.tensor(0)};
    Shape axes = is_of_all ? Shape() : call.axes(*given, rank);
    for (int64_t axis = 0; is_of_all && axis < rank; ++axis) axes.push_back(axis);
    if (axes.empty()) return {reduce(call, call.call("aten::unsqueeze", {call.tensor(0), 0}), {0}, false)};
    return {reduce(call, call.tensor(0), axes, call.integer("keepdims", 1) != 0)};
  };
}

/// One that LibTorch has for several axes.
Reduction over_axes(const char* operation) {
  return [=](OnnxCall& call, Value* value, const Shape& axes, bool keeps) {
    return call.call(operation, {value, axes, keeps});
  };
}

Value* sum_of(OnnxCall& call, Value* value, const Shape& axes, bool keeps) {
  return call.cast(call.call("aten::sum", {value, axes, keeps}), call.type(0));
}

Value* mean_of(OnnxCall& call, Value* value, const Shape& axes, bool keeps) {
  if (call.is_float(0)) return call.call("aten::mean", {value, axes, keeps});
  return call.cast(call.call("aten::mean", {call.cast(value, at::kDouble), axes, keeps}), call.type(0));
}

Value* product_over(OnnxCall& call, Value* value, const Shape& axes, bool keeps) {
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) value = call.call("aten::prod", {value, *axis, keeps});
  return call.cast(value, call.type(0));
}

Value* squares_of(OnnxCall& call, Value* value, const Shape& axes, bool keeps) {
  return sum_of(call, call.call("aten::mul", {value, value}), axes, keeps);
}

OnnxValues onnx_reduce_product(OnnxCall& call) {
  if (!call.is_of_elements() || !call.value(0).is_list) return reduction(18, product_over)(call);
  Value* product = call.number_value(1);
  for (Value* element : call.integers(0)) product = call.call("aten::mul", {product, element});
  return {OnnxValue::of_elements({product}, call.integer("keepdims", 1) != 0)};
}

OnnxOperation place_of(const char* operation) {
  return [=](OnnxCall& call) -> OnnxValues {
    const int64_t axis = call.axis(call.integer("axis", 0), call.rank(0));
    const bool keeps = call.integer("keepdims", 1) != 0;
    if (call.integer("select_last_index", 0) == 0) return {call.call(operation, {call.tensor(0), axis, keeps})};
    Value* from_end = call.call(operation, {call.call("aten::flip", {call.tensor(0), Shape{axis}}), axis, keeps});
    Value* last = call.call("aten::sub", {call.size(0, axis), 1});
    return {call.call("aten::rsub", {from_end, last})};
  };
}

OnnxValues onnx_cumulative_sum(OnnxCall& call) {
  const int64_t axis = call.axis(static_cast<int64_t>(call.constant_number(1)), call.rank(0));
  const bool is_reverse = call.integer("reverse", 0) != 0;
  Value* value = call.tensor(0);
  if (is_reverse) value = call.call("aten::flip", {value, Shape{axis}});
  Value* sum = call.call("aten::cumsum", {value, axis});
  if (call.integer("exclusive", 0) != 0) sum = call.call("aten::sub", {sum, value});
  if (is_reverse) sum = call.call("aten::flip", {sum, Shape{axis}});
  return {call.cast(sum, call.type(0))};
}

/// x / ‖x‖
OnnxValues onnx_lp_normalization(OnnxCall& call) {
  const int64_t axis = call.axis(call.integer("axis", -1), call.rank(0)), order = call.integer("p", 2);
  if (order != 1 && order != 2) call.refuse(fmt::format("is of the norm {}", order));
  Value* norm = call.call("aten::norm", {call.tensor(0), order, Shape{axis}, true});
  return {call.call("aten::div", {call.tensor(0), norm})};
}

}  // namespace

OnnxOperations onnx_reductions() {
  constexpr int64_t kSum = 13, kOthers = 18;  // from these opsets on axes are an input
  const auto of_function = [](const Reduction& before, const char* after) {
    return [=](OnnxCall& call, Value* value, const Shape& axes, bool keeps) {
      return call.call(after, {before(call, value, axes, keeps)});
    };
  };
  const Reduction absolute = [](OnnxCall& call, Value* value, const Shape& axes, bool keeps) {
    return sum_of(call, call.call("aten::abs", {value}), axes, keeps);
  };
  return {
      {"ArgMax", {place_of("aten::argmax")}},
      {"ArgMin", {place_of("aten::argmin")}},
      {"CumSum", {onnx_cumulative_sum}},
      {"LpNormalization", {onnx_lp_normalization}},
      {"ReduceL1", {reduction(kOthers, absolute)}},
      {"ReduceL2", {reduction(kOthers, of_function(squares_of, "aten::sqrt"))}},
      {"ReduceLogSum", {reduction(kOthers, of_function(sum_of, "aten::log"))}},
      {"ReduceLogSumExp", {reduction(kOthers, over_axes("aten::logsumexp"))}},
      {"ReduceMax", {reduction(kOthers, over_axes("aten::amax"))}},
      {"ReduceMean", {reduction(kOthers, mean_of)}},
      {"ReduceMin", {reduction(kOthers, over_axes("aten::amin"))}},
      {"ReduceProd", {onnx_reduce_product}},
      {"ReduceSum", {reduction(kSum, sum_of)}},
      {"ReduceSumSquare", {reduction(kOthers, squares_of)}},
  };
}

}  // namespace limbeck
