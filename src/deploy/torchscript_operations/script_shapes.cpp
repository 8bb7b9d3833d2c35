// Shapes, order of axes, lists of tensors.
#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "deploy/torchscript_operations.h"

namespace limbeck {
namespace {

Shape axes_in_order(int64_t dimensions) {
  Shape axes(static_cast<size_t>(dimensions));
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

}  // namespace

std::string script_swapped(const ScriptCall& call, const std::string& value, int64_t dimensions, int64_t first,
                           int64_t second) {
  Shape order = axes_in_order(dimensions);
  std::swap(order[static_cast<size_t>(first)], order[static_cast<size_t>(second)]);
  return call.node("Transpose", {value}, {{"perm", order}});
}

namespace {

ScriptValue reshape(const ScriptCall& call) {
  return script_result(call.reshaped(call.operand(0)));
}

ScriptValue transposed(const ScriptCall& call, const Shape& order) {
  return script_result(call.node("Transpose", {call.operand(0)}, {{"perm", order}}));
}

ScriptValue permute(const ScriptCall& call) {
  return transposed(call, call.axes(1, call.tensor(0).dim()));
}

ScriptValue transpose(const ScriptCall& call) {
  const int64_t dimensions = call.tensor(0).dim();
  return script_result(
      script_swapped(call, call.operand(0), dimensions, call.axis(1, dimensions), call.axis(2, dimensions)));
}

/// Of a matrix
ScriptValue t(const ScriptCall& call) {
  Shape order = axes_in_order(call.tensor(0).dim());
  std::reverse(order.begin(), order.end());
  return transposed(call, order);
}

ScriptValue moved_axes(const ScriptCall& call) {
  const int64_t dimensions = call.tensor(0).dim();
  const Shape from = call.axes(1, dimensions), to = call.axes(2, dimensions);
  Shape order(static_cast<size_t>(dimensions), -1);
  for (size_t i = 0; i < from.size(); ++i) order[static_cast<size_t>(to.at(i))] = from[i];
  int64_t next = 0;
  for (int64_t& axis : order) {
    if (axis >= 0) continue;
    while (std::find(from.begin(), from.end(), next) != from.end()) ++next;
    axis = next++;
  }
  return transposed(call, order);
}

/// Repeats axes of extent 1; other axes stay as they are, the batch's among them.
ScriptValue expand(const ScriptCall& call) {
  const Shape from = call.tensor(0).sizes().vec();
  Shape to = call.result().toTensor().sizes().vec();
  const size_t added = to.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i)
    if (from[i] == to[added + i]) to[added + i] = 1;
  return script_result(call.node("Expand", {call.operand(0), call.numbers("shape", to)}));
}

ScriptValue repeat(const ScriptCall& call) {
  Shape from = call.tensor(0).sizes().vec(), times = call.list(1);
  if (times.size() > from.size()) call.refuse("adds axes");
  times.insert(times.begin(), from.size() - times.size(), 1);
  return script_result(call.node("Tile", {call.operand(0), call.numbers("times", times)}));
}

ScriptValue concatenate(const ScriptCall& call) {
  const int64_t axis = call.axis(1, call.result().toTensor().dim());
  return script_result(call.node("Concat", call.operands(0), {{"axis", axis}}));
}

ScriptValue stack(const ScriptCall& call) {
  const int64_t axis = call.axis(1, call.result().toTensor().dim());
  const std::string axes = call.numbers("axes", {axis});
  std::vector<std::string> names = call.operands(0);
  for (std::string& name : names) name = call.node("Unsqueeze", {name, axes});
  return script_result(call.node("Concat", names, {{"axis", axis}}));
}

/// [N, g c, h, w] → [N, c g, h, w]
ScriptValue channel_shuffle(const ScriptCall& call) {
  const Shape shape = call.tensor(0).sizes().vec();
  const int64_t groups = call.integer(1);
  const std::string apart = call.numbers("groups", {kOpen, groups, shape[1] / groups, shape[2], shape[3]});
  const std::string order =
      call.node("Transpose", {call.node("Reshape", {call.operand(0), apart})}, {{"perm", Shape{0, 2, 1, 3, 4}}});
  return script_result(call.reshaped(order));
}

ScriptValue pixel_shuffle(const ScriptCall& call) {
  return script_result(call.node("DepthToSpace", {call.operand(0)}, {{"blocksize", call.integer(1)}, {"mode", "CRD"}}));
}

/// By `filling`, a list of pads from the last axis on.
ScriptValue padded(const ScriptCall& call, const char* mode, const std::vector<std::string>& filling) {
  const Shape amounts = call.list(1);
  const auto dimensions = static_cast<size_t>(call.tensor(0).dim());
  Shape pads(2 * dimensions, 0);
  for (size_t i = 0; i + 1 < amounts.size(); i += 2) {
    pads[dimensions - 1 - i / 2] = amounts[i];
    pads[2 * dimensions - 1 - i / 2] = amounts[i + 1];
  }
  std::vector<std::string> inputs = {call.operand(0), call.numbers("pads", pads)};
  inputs.insert(inputs.end(), filling.begin(), filling.end());
  return script_result(call.node("Pad", inputs, {{"mode", mode}}));
}

ScriptValue constant_pad(const ScriptCall& call) {
  return padded(call, "constant", {call.constant("filling", call.has(2) ? call.number(2) : 0)});
}

ScriptOperation pad_by(const char* mode) {
  return [=](const ScriptCall& call) { return padded(call, mode, {}); };
}

ScriptValue pad(const ScriptCall& call) {
  const std::string mode = call.value(2).toStringRef();
  if (mode == "constant") return padded(call, "constant", {call.constant("filling", call.has(3) ? call.number(3) : 0)});
  if (mode == "reflect") return pad_by("reflect")(call);
  if (mode == "replicate") return pad_by("edge")(call);
  call.refuse(fmt::format("fills by the mode '{}'", mode));
}

}  // namespace

ScriptOperations script_shapes() {
  return {
      {"broadcast_to", expand},
      {"cat", concatenate},
      {"channel_shuffle", channel_shuffle},
      {"constant_pad_nd", constant_pad},
      {"expand", expand},
      {"expand_as", expand},
      {"flatten", reshape},
      {"movedim", moved_axes},
      {"pad", pad},
      {"permute", permute},
      {"pixel_shuffle", pixel_shuffle},
      {"reflection_pad1d", pad_by("reflect")},
      {"reflection_pad2d", pad_by("reflect")},
      {"repeat", repeat},
      {"replication_pad1d", pad_by("edge")},
      {"replication_pad2d", pad_by("edge")},
      {"reshape", reshape},
      {"reshape_as", reshape},
      {"squeeze", reshape},
      {"stack", stack},
      {"swapaxes", transpose},
      {"swapdims", transpose},
      {"t", t},
      {"tile", repeat},
      {"transpose", transpose},
      {"unflatten", reshape},
      {"unsqueeze", reshape},
      {"view", reshape},
      {"view_as", reshape},
  };
}

}  // namespace limbeck
