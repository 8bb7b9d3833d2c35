#pragma once
// What a TorchScript program changes in its place while it is written down as ONNX. Tensors that share memory and names
// of one list see each other's changes, but an ONNX value never changes: a changed tensor is another value, which takes
// the former's place wherever that is used from then on.
//
//   memory.change(tensor, onnx.node("Relu", {before}));  // relu_
//   memory.update(other);   // other.onnx becomes that node's value if it is the same tensor, or a view of it
#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "deploy/torchscript_operations.h"

namespace limbeck {

class ScriptMemory {
 public:
  /// The program runs on `batch` examples.
  ScriptMemory(OnnxBuilder& onnx, int64_t batch) : onnx_(onnx), batch_(batch) {}

  /// The tensor's memory holds this value of the model now.
  void change(const at::Tensor& tensor, const std::string& onnx);
  /// The list has other elements now.
  void change(const ScriptValue& list);

  /// The value's name, and those of its elements, take account of all changes so far.
  void stamp(ScriptValue& value) const;

  /// Brings a value up to date. Throws Error where a tensor is some of the memory that was changed, or that memory in
  /// another order.
  void update(ScriptValue& value) const;

 private:
  struct Change {
    at::Tensor place;  // it keeps the memory from being given to another tensor
    std::string onnx;
  };
  const std::vector<Change>& changes_of(const at::Tensor& tensor) const;
  void update_tensor(ScriptValue& value) const;
  std::string value_of(const at::Tensor& tensor, const Change& change) const;

  OnnxBuilder& onnx_;
  int64_t batch_;
  std::map<const void*, std::vector<Change>> changes_;  // by the memory
  std::vector<ScriptValue> lists_;
};

}  // namespace limbeck
