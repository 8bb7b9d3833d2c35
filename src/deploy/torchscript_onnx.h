#pragma once
// Exports a TorchScript program to ONNX nodes by tracing: runs the program once on an example batch, evaluates
// everything that does not depend on the input (constant folding), follows loops and branches as executed, and converts
// each operation that depends on the input to nodes. A second trace with another batch size must give the same nodes;
// programs whose operations depend on the batch size are not supported. In-place operations affect all tensors that
// share the storage; partial overlap is not supported. All floating-point types, including float64, are exported as
// float32. Integer values computed from the input are not supported.
#include "deploy/onnx_builder.h"
#include "programs/program_network.h"

namespace limbeck {

/// Appends the program, applied to `value` [batch, …] with examples of the shape `input`; returns the name of its
/// logits. Throws Error of kind usage that names the unsupported operation and lists the supported ones.
std::string add_torchscript(OnnxBuilder& onnx, const ProgramNetwork& network, const Shape& input,
                            const std::string& value);

}  // namespace limbeck
