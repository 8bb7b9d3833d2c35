#pragma once
// A TorchScript program as nodes of an ONNX model. The program is run once on an example batch; what does not depend on
// the input is computed, loops and conditions are followed as they go, and each operation on what does depend on it
// becomes nodes. A second run on a batch of another size must give the same nodes: what depends on how many examples
// there are has no form here. Operations in place change all tensors of the same memory, or are refused where a part of
// one is changed and the rest is used. Floats are written as float32, float64 among them; whole numbers made of the
// input are refused.
#include "deploy/onnx_builder.h"
#include "programs/torchscript_network.h"

namespace limbeck {

/// Appends the program, which takes the value `value` [batch, …] of the shape `input`; returns the value of its logits.
/// Throws Error that names the operation which has no form here, and those that have.
std::string add_torchscript(OnnxBuilder& onnx, const TorchScriptNetwork& network, const Shape& input,
                            const std::string& value);

}  // namespace limbeck
