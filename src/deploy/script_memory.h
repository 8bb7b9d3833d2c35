#pragma once
// Tracks in-place operations of a TorchScript program during ONNX export. Tensors that share storage, and aliases of a
// list, see each other's changes, but ONNX values are immutable (SSA): an in-place change creates a new value, which
// replaces the old one in all later uses.
//
//   memory.change(tensor, onnx.node("Relu", {before}));  // relu_
//   memory.update(other);   // other.onnx becomes the new value if `other` is the same tensor or a view of it
#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "deploy/script_call.h"

namespace limbeck {

class ScriptMemory {
 public:
  /// `batch`: number of examples that the program is traced with.
  ScriptMemory(OnnxBuilder& onnx, int64_t batch) : onnx_(onnx), batch_(batch) {}

  /// Records that the tensor's storage now holds the ONNX value `onnx`.
  void change(const at::Tensor& tensor, const std::string& onnx);
  /// Records the new elements of a list.
  void change(const ScriptValue& list);

  /// Marks the value's ONNX name, and those of its elements, as up to date with all changes so far.
  void stamp(ScriptValue& value) const;

  /// Updates a value's ONNX name for changes since its stamp. Throws Error if the tensor overlaps the changed memory
  /// only partly, or has another memory order.
  void update(ScriptValue& value) const;

 private:
  struct Change {
    at::Tensor place;  // keeps the storage alive, so that its address is not reused
    std::string onnx;
  };
  const std::vector<Change>& changes_of(const at::Tensor& tensor) const;
  void update_tensor(ScriptValue& value) const;
  std::string value_of(const at::Tensor& tensor, const Change& change) const;

  OnnxBuilder& onnx_;
  int64_t batch_;
  std::map<const void*, std::vector<Change>> changes_;  // by storage
  std::vector<ScriptValue> lists_;
};

}  // namespace limbeck
