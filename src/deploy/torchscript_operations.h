#pragma once
// Conversion of TorchScript operations to ONNX, by name: one table, put together from those of torchscript_operations/.
#include <functional>
#include <map>
#include <string>

#include "deploy/script_call.h"

namespace limbeck {

using ScriptOperation = std::function<ScriptValue(const ScriptCall&)>;
using ScriptOperations = std::map<std::string, ScriptOperation>;

/// Returns the conversion of an operation ("aten::relu_"); nullptr if it is not supported.
const ScriptOperation* script_operation(const std::string& name);

ScriptOperations script_elementwise();
ScriptOperations script_activations();
ScriptOperations script_shapes();
ScriptOperations script_indexing();
ScriptOperations script_reductions();
ScriptOperations script_products();
ScriptOperations script_convolutions();
ScriptOperations script_pools();
ScriptOperations script_norms();
ScriptOperations script_attention();
ScriptOperations script_resizing();

/// The result that this ONNX value stands for.
ScriptValue script_result(std::string onnx);
/// An operation of one tensor that ONNX has under this name.
ScriptOperation script_unary(const char* operation, const OnnxBuilder::Attributes& attributes = {});
/// Of two tensors or numbers, entry by entry.
ScriptOperation script_binary(const char* operation);
/// The first argument as it is.
ScriptValue script_identity(const ScriptCall& call);
/// x Wᵀ + b, for any number of axes before the last; without b where it is undefined.
std::string script_linear(const ScriptCall& call, const std::string& value, const at::Tensor& weight,
                          const at::Tensor& bias);
/// (x − μ) / √(σ² + ε) · γ + β over the last axes, `count` of them; without γ or β where they are undefined.
std::string script_layer_norm(const ScriptCall& call, const std::string& value, int64_t count, const at::Tensor& weight,
                              const at::Tensor& bias, double epsilon);
/// x/2 · (1 + erf(x/√2))
std::string script_gelu(const ScriptCall& call, const std::string& value);
/// With two of its axes swapped.
std::string script_swapped(const ScriptCall& call, const std::string& value, int64_t dimensions, int64_t first,
                           int64_t second);
/// Pads of all axes' beginnings, then of their ends, from those that are the same at both.
Shape script_pads(Shape sides);
/// Part of an axis, [begin, end).
std::string script_slice(const ScriptCall& call, const std::string& value, int64_t axis, int64_t begin, int64_t end,
                         int64_t step = 1);

}  // namespace limbeck
