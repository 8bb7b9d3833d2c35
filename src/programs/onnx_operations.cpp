#include "programs/onnx_operations.h"

namespace limbeck {
namespace {

const OnnxOperations& all_onnx_operations() {
  static const OnnxOperations all = [] {
    OnnxOperations merged;
    for (OnnxOperations part :
         {onnx_elementwise(), onnx_activations(), onnx_shapes(), onnx_indexing(), onnx_reductions(), onnx_products(),
          onnx_convolutions(), onnx_pools(), onnx_norms(), onnx_recurrence(), onnx_resizing(), onnx_quantization()})
      merged.merge(part);
    return merged;
  }();
  return all;
}

}  // namespace

const OnnxOperationEntry* onnx_operation(const std::string& name) {
  const auto found = all_onnx_operations().find(name);
  return found == all_onnx_operations().end() ? nullptr : &found->second;
}

std::vector<std::string> onnx_operation_names() {
  std::vector<std::string> names;
  for (const auto& [name, entry] : all_onnx_operations()) names.push_back(name);
  return names;
}

OnnxValues onnx_identity(OnnxCall& call) {
  if (call.value(0).is_trained) return {call.tensor(0)};
  return {call.value(0)};
}

}  // namespace limbeck
