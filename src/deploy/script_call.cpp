#include "deploy/script_call.h"

#include <ATen/TensorOperators.h>

#include <algorithm>

#include "core/error.h"

namespace limbeck {
namespace {

/// Whether a constant has an entry for each example, and the same for all.
bool is_repeated(const at::Tensor& value, int64_t dimensions, int64_t batch) {
  return value.dim() == dimensions && dimensions > 0 && value.size(0) == batch &&
         value.eq(value.narrow(0, 0, 1)).all().item<bool>();
}

}  // namespace

bool ScriptValue::depends() const {
  return !onnx.empty() || !refusal.empty() ||
         std::any_of(elements.begin(), elements.end(), [](const ScriptValue& element) { return element.depends(); });
}

std::string ScriptValue::why_not() const {
  if (!refusal.empty()) return refusal;
  for (const ScriptValue& element : elements)
    if (std::string reason = element.why_not(); !reason.empty()) return reason;
  return {};
}

std::string ScriptCall::short_name() const {
  const std::string bare = name_.substr(name_.rfind(':') + 1);
  return bare.substr(0, bare.find_last_not_of('_') + 1);
}

at::Tensor ScriptCall::fixed(size_t place) const {
  if (!has(place)) return {};
  if (argument(place).depends()) refuse(fmt::format("has an argument {} that depends on the input", place));
  return tensor(place);
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

std::string ScriptCall::repeated_operand(size_t place, const std::string& what) const {
  const ScriptValue& argument = arguments_.at(place);
  const bool constant_tensor = argument.onnx.empty() && argument.value.isTensor();
  if (!constant_tensor || !is_repeated(tensor(place), result_.toTensor().dim(), batch_)) return operand(place, what);
  return constant(what, tensor(place).narrow(0, 0, 1));
}

std::vector<std::string> ScriptCall::operands(size_t place) const {
  const ScriptValue& list = arguments_.at(place);
  const auto tensors = list.value.toTensorVector();
  std::vector<std::string> names(tensors.size());
  for (size_t i = 0; i < std::min(tensors.size(), list.elements.size()); ++i) names[i] = list.elements[i].onnx;
  const auto dependent =
      std::find_if(names.begin(), names.end(), [](const std::string& name) { return !name.empty(); });
  if (dependent == names.end()) refuse("has no tensor that depends on the input");
  std::string examples;
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (!names[i].empty()) continue;
    if (!is_repeated(tensors[i], tensors[i].dim(), batch_)) {
      names[i] = constant("part", tensors[i]);
      continue;
    }
    if (examples.empty())
      examples = node("Slice", {node("Shape", {*dependent}), numbers("begin", {0}), numbers("end", {1})});
    const std::string first = constant("part", tensors[i].narrow(0, 0, 1));
    const Shape ones(static_cast<size_t>(tensors[i].dim()) - 1, 1);
    const std::string shape =
        ones.empty() ? examples : node("Concat", {examples, numbers("ones", ones)}, {{"axis", 0}});
    names[i] = node("Expand", {first, shape});
  }
  return names;
}

std::string ScriptCall::constant(const std::string& what, const at::Tensor& value) const {
  if (value.is_complex()) refuse("takes complex numbers");
  return onnx.constant(short_name() + "." + what, value.is_floating_point() ? value : value.to(at::kFloat));
}

std::string ScriptCall::reshaped(const std::string& value) const {
  if (std::count(shape_.begin(), shape_.end(), kOpen) > 1)
    refuse(
        fmt::format("gives {}, where -1 stands for extents that depend on how many examples there are; "
                    "expected one of them",
                    to_text(shape_)));
  return node("Reshape", {value, numbers("shape", shape_)});
}

Shape ScriptCall::axes(size_t place, int64_t dimensions) const {
  if (value(place).isInt()) return {axis(place, dimensions)};
  if (!value(place).isIntList() || list(place).empty()) refuse("is of everything");
  Shape axes = list(place);
  for (int64_t& axis : axes) axis = axis < 0 ? axis + dimensions : axis;
  return axes;
}

int64_t ScriptCall::axis(size_t place, int64_t dimensions) const {
  const int64_t index = integer(place);
  return index < 0 ? index + dimensions : index;
}

void ScriptCall::refuse(const std::string& why) const {
  throw Error(fmt::format("uses '{}' in a way that has no form in ONNX here: it {}", name_, why));
}

}  // namespace limbeck
