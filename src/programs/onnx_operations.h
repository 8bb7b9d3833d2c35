#pragma once
// The operations of ONNX that can be read, by name; one table, put together from those of onnx_operations/.
#include <map>
#include <string>
#include <vector>

#include "programs/onnx_call.h"

namespace limbeck {

struct OnnxOperationEntry {
  OnnxOperation write;
  /// What an initializer with numbers is that goes into it.
  enum class Weights {
    none,       ///< a constant
    trained,    ///< a parameter
    passed_on,  ///< what it is for the operations that use the result
  } weights = Weights::none;
};

using OnnxOperations = std::map<std::string, OnnxOperationEntry>;

/// nullptr where there is none. Names of ONNX's own domain stand alone, others as "com.microsoft.Gelu".
const OnnxOperationEntry* onnx_operation(const std::string& name);
/// All names, in order.
std::vector<std::string> onnx_operation_names();

OnnxOperations onnx_elementwise();
OnnxOperations onnx_activations();
OnnxOperations onnx_shapes();
OnnxOperations onnx_indexing();
OnnxOperations onnx_reductions();
OnnxOperations onnx_products();
OnnxOperations onnx_convolutions();
OnnxOperations onnx_pools();
OnnxOperations onnx_norms();
OnnxOperations onnx_recurrence();
OnnxOperations onnx_resizing();
OnnxOperations onnx_quantization();

/// The same for each of several names.
OnnxValues onnx_identity(OnnxCall& call);

}  // namespace limbeck
