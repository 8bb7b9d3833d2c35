#include "deploy/script_memory.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "core/error.h"

namespace limbeck {
namespace {

const void* memory_of(const at::Tensor& tensor) {
  return tensor.defined() && tensor.has_storage() ? tensor.storage().unsafeGetStorageImpl() : nullptr;
}

bool same_place(const at::Tensor& left, const at::Tensor& right) {
  return left.scalar_type() == right.scalar_type() && left.storage_offset() == right.storage_offset() &&
         left.sizes() == right.sizes() && left.strides() == right.strides();
}

/// Two tensors of the same memory.
bool overlap(const at::Tensor& left, const at::Tensor& right) {
  if (same_place(left, right) || left.scalar_type() != right.scalar_type()) return true;
  const auto entries = static_cast<int64_t>(left.storage().nbytes() / left.element_size());
  at::Tensor marks = at::zeros({entries}, at::kBool);
  marks.as_strided(left.sizes(), left.strides(), left.storage_offset()).fill_(true);
  return marks.as_strided(right.sizes(), right.strides(), right.storage_offset()).any().item<bool>();
}

}  // namespace

void ScriptMemory::change(const at::Tensor& tensor, const std::string& onnx) {
  changes_[memory_of(tensor)].push_back({tensor.detach(), onnx});
}

void ScriptMemory::change(const ScriptValue& list) {
  const auto same =
      std::find_if(lists_.begin(), lists_.end(), [&](const ScriptValue& known) { return known.value.is(list.value); });
  if (same == lists_.end())
    lists_.push_back(list);
  else
    *same = list;
}

void ScriptMemory::stamp(ScriptValue& value) const {
  if (value.value.isTensor()) value.changes = changes_of(value.value.toTensor()).size();
  for (ScriptValue& element : value.elements) stamp(element);
}

void ScriptMemory::update(ScriptValue& value) const {
  if (value.value.isTensor()) update_tensor(value);
  if (value.value.isList()) {
    for (const ScriptValue& list : lists_)
      if (list.value.is(value.value)) value.elements = list.elements;
    if (value.elements.empty() && value.value.isTensorList() && !changes_.empty())
      for (const at::Tensor& tensor : value.value.toTensorVector()) value.elements.push_back({tensor});
  }
  for (ScriptValue& element : value.elements) update(element);
}

const std::vector<ScriptMemory::Change>& ScriptMemory::changes_of(const at::Tensor& tensor) const {
  static const std::vector<Change> none;
  const auto found = changes_.find(memory_of(tensor));
  return found == changes_.end() ? none : found->second;
}

/// The last change that has to do with the tensor says what it holds.
void ScriptMemory::update_tensor(ScriptValue& value) const {
  const at::Tensor tensor = value.value.toTensor();
  const std::vector<Change>& changes = changes_of(tensor);
  for (size_t i = changes.size(); i-- > value.changes;) {
    if (!overlap(changes[i].place, tensor)) continue;
    value.onnx = value_of(tensor, changes[i]);
    break;
  }
  value.changes = changes.size();
}

std::string ScriptMemory::value_of(const at::Tensor& tensor, const Change& change) const {
  const at::Tensor& place = change.place;
  if (same_place(place, tensor)) return change.onnx;
  const auto one_after_the_other = [&](const at::Tensor& held) {
    return held.is_contiguous() && held.dim() > 0 && held.size(0) == batch_;
  };
  if (tensor.scalar_type() != place.scalar_type() || tensor.storage_offset() != place.storage_offset() ||
      tensor.numel() != place.numel() || !one_after_the_other(tensor) || !one_after_the_other(place))
    throw Error(
        fmt::format("changes a tensor {} in its place and goes on with a tensor {} that shares memory with it, which "
                    "has no form in ONNX here; "
                    "an operation that gives a new tensor has one",
                    to_text(place.sizes().vec()), to_text(tensor.sizes().vec())));
  Shape shape = tensor.sizes().vec();
  shape[0] = -1;
  return onnx_.node("Reshape", {change.onnx, onnx_.constant("changed.shape", shape)}, {}, "changed");
}

}  // namespace limbeck
