// Parts of tensors, by places that do not depend on the input.
#include <ATen/TensorOperators.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "deploy/torchscript_operations.h"

namespace limbeck {

std::string script_slice(const ScriptCall& call, const std::string& value, int64_t axis, int64_t begin, int64_t end,
                         int64_t step) {
  return call.node("Slice", {value, call.numbers("begin", {begin}), call.numbers("end", {end}),
                             call.numbers("axis", {axis}), call.numbers("step", {step})});
}

namespace {

/// All parts of a list of tensors, one after the other along an axis.
ScriptValue parts(const ScriptCall& call) {
  const int64_t axis = call.axis(2, call.tensor(0).dim());
  ScriptValue all;
  int64_t begin = 0;
  for (const at::Tensor& part : call.result().toTensorVector()) {
    const int64_t end = begin + part.size(axis);
    all.elements.push_back({part, script_slice(call, call.operand(0), axis, begin, end)});
    begin = end;
  }
  return all;
}

std::string entry(const ScriptCall& call, int64_t axis, int64_t at) {
  return call.node("Squeeze", {script_slice(call, call.operand(0), axis, at, at + 1), call.numbers("axes", {axis})});
}

ScriptValue unbind(const ScriptCall& call) {
  const int64_t axis = call.axis(1, call.tensor(0).dim());
  ScriptValue all;
  for (const at::Tensor& part : call.result().toTensorVector())
    all.elements.push_back({part, entry(call, axis, static_cast<int64_t>(all.elements.size()))});
  return all;
}

ScriptValue select(const ScriptCall& call) {
  const int64_t axis = call.axis(1, call.tensor(0).dim()), index = call.integer(2);
  return script_result(entry(call, axis, index < 0 ? index + call.tensor(0).size(axis) : index));
}

ScriptValue slice(const ScriptCall& call) {
  const int64_t axis = call.axis(1, call.tensor(0).dim()), extent = call.tensor(0).size(axis),
                begin = call.has(2) ? call.integer(2) : 0, end = call.has(3) ? call.integer(3) : extent,
                step = call.integer(4);
  if (begin == 0 && end >= extent && step == 1) return script_identity(call);
  return script_result(script_slice(call, call.operand(0), axis, begin, std::min(end, extent), step));
}

ScriptValue narrow(const ScriptCall& call) {
  const int64_t axis = call.axis(1, call.tensor(0).dim()), from = call.integer(2),
                begin = from < 0 ? from + call.tensor(0).size(axis) : from;
  return script_result(script_slice(call, call.operand(0), axis, begin, begin + call.integer(3)));
}

/// Each axis once around: what leaves it at the end comes in at its beginning.
ScriptValue roll(const ScriptCall& call) {
  const Shape shifts = call.integers(1, 1), axes = call.axes(2, call.tensor(0).dim());
  std::string value = call.operand(0);
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t extent = call.tensor(0).size(axes[i]), shift = ((shifts.at(i) % extent) + extent) % extent;
    if (shift == 0) continue;
    value = call.node("Concat",
                      {script_slice(call, value, axes[i], extent - shift, extent),
                       script_slice(call, value, axes[i], 0, extent - shift)},
                      {{"axis", axes[i]}});
  }
  return script_result(value);
}

ScriptValue flip(const ScriptCall& call) {
  std::string value = call.operand(0);
  for (const int64_t axis : call.axes(1, call.tensor(0).dim()))
    value = script_slice(call, value, axis, -1, std::numeric_limits<int64_t>::min(), -1);
  return script_result(value);
}

std::string gathered(const ScriptCall& call, int64_t axis, const at::Tensor& places) {
  const at::Tensor from_begin = at::where(places < 0, places + call.tensor(0).size(axis), places);
  return call.node("Gather", {call.operand(0), call.onnx.constant(call.short_name() + ".places", from_begin)},
                   {{"axis", axis}});
}

ScriptValue index_select(const ScriptCall& call) {
  return script_result(gathered(call, call.axis(1, call.tensor(0).dim()), call.fixed(2)));
}

/// By one list of places, of any axis.
ScriptValue index(const ScriptCall& call) {
  std::optional<int64_t> axis;
  const auto all = call.value(1).toListRef();
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].isNone()) continue;
    if (axis) call.refuse("takes places of several axes at once");
    axis = static_cast<int64_t>(i);
  }
  if (!axis || call.argument(1).depends()) call.refuse("takes places that depend on the input");
  const at::Tensor places = all[static_cast<size_t>(*axis)].toTensor();
  if (places.scalar_type() != at::kLong) call.refuse("chooses by truths");
  return script_result(gathered(call, *axis, places));
}

}  // namespace

ScriptOperations script_indexing() {
  return {
      {"chunk", parts},   {"flip", flip},
      {"index", index},   {"index_select", index_select},
      {"narrow", narrow}, {"roll", roll},
      {"select", select}, {"slice", slice},
      {"split", parts},   {"split_with_sizes", parts},
      {"unbind", unbind},
  };
}

}  // namespace limbeck
