// Pooling.
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/eye.h>

#include "core/error.h"
#include "deploy/torchscript_operations.h"

namespace limbeck {
namespace {

/// All axes but those of examples and channels.
size_t pooled_axes(const ScriptCall& call) {
  if (call.tensor(0).dim() < 3) call.refuse("takes tensors without examples");
  return static_cast<size_t>(call.tensor(0).dim() - 2);
}

OnnxBuilder::Attributes windows_of(const ScriptCall& call) {
  const size_t axes = pooled_axes(call);
  const Shape kernel = call.integers(1, axes), stride = call.list(2).empty() ? kernel : call.integers(2, axes);
  return {{"kernel_shape", kernel}, {"strides", stride}, {"pads", script_pads(call.integers(3, axes))}};
}

ScriptValue max_pool(const ScriptCall& call) {
  OnnxBuilder::Attributes attributes = windows_of(call);
  attributes["dilations"] = call.integers(4, pooled_axes(call));
  attributes["ceil_mode"] = static_cast<int64_t>(call.value(5).toBool());
  return script_result(call.node("MaxPool", {call.operand(0)}, attributes));
}

ScriptValue average_pool(const ScriptCall& call) {
  if (call.has(6) || call.value(4).toBool()) call.refuse("divides by a number of its own, or reaches over the border");
  OnnxBuilder::Attributes attributes = windows_of(call);
  attributes["count_include_pad"] = static_cast<int64_t>(call.value(5).toBool());
  return script_result(call.node("AveragePool", {call.operand(0)}, attributes));
}

struct Adaptive {
  Shape in, out;  ///< sides
  bool divides() const {
    for (size_t i = 0; i < in.size(); ++i)
      if (in[i] % out[i] != 0) return false;
    return true;
  }
  bool is_global() const { return out == Shape(out.size(), 1); }
};

Adaptive adaptive_sides(const ScriptCall& call) {
  const auto axes = static_cast<int64_t>(pooled_axes(call));
  const at::Tensor result = call.result().toTensor();
  return {call.tensor(0).sizes().slice(2).vec(), result.sizes().slice(result.dim() - axes).vec()};
}

ScriptValue windows_of_one_size(const ScriptCall& call, const char* operation, const Adaptive& sides) {
  Shape kernel = sides.in;
  for (size_t i = 0; i < kernel.size(); ++i) kernel[i] /= sides.out[i];
  return script_result(call.node(operation, {call.operand(0)}, {{"kernel_shape", kernel}, {"strides", kernel}}));
}

/// Windows of one size where the output's sides divide the input's; else products with the weights of each window.
ScriptValue adaptive_average(const ScriptCall& call) {
  const Adaptive sides = adaptive_sides(call);
  if (sides.in == sides.out) return script_identity(call);
  if (sides.is_global()) return script_unary("GlobalAveragePool")(call);
  if (sides.divides()) return windows_of_one_size(call, "AveragePool", sides);
  const auto weights = [](int64_t from, int64_t to) {  // what unit vectors become, [from, to]
    return at::adaptive_avg_pool2d(at::eye(from).reshape({from, 1, 1, from}), {1, to}).reshape({from, to});
  };
  const size_t last = sides.in.size() - 1;
  std::string value =
      call.node("MatMul", {call.operand(0), call.constant("columns", weights(sides.in[last], sides.out[last]))});
  if (last == 1) value = call.node("MatMul", {call.constant("rows", weights(sides.in[0], sides.out[0]).t()), value});
  return script_result(value);
}

ScriptValue adaptive_max(const ScriptCall& call) {
  const Adaptive sides = adaptive_sides(call);
  if (sides.in == sides.out) return script_identity(call);
  if (sides.is_global()) return script_unary("GlobalMaxPool")(call);
  if (!sides.divides())
    call.refuse(fmt::format("has windows of several sizes: sides {} to {}", to_text(sides.in), to_text(sides.out)));
  return windows_of_one_size(call, "MaxPool", sides);
}

}  // namespace

ScriptOperations script_pools() {
  return {
      {"adaptive_avg_pool1d", adaptive_average},
      {"adaptive_avg_pool2d", adaptive_average},
      {"adaptive_max_pool1d", adaptive_max},
      {"adaptive_max_pool2d", adaptive_max},
      {"avg_pool1d", average_pool},
      {"avg_pool2d", average_pool},
      {"max_pool1d", max_pool},
      {"max_pool2d", max_pool},
      {"max_pool2d_with_indices", max_pool},
  };
}

}  // namespace limbeck
