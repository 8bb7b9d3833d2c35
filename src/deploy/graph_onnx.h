#pragma once
// Converts the nodes of a graph to ONNX nodes.
#include "deploy/onnx_builder.h"
#include "nn/network.h"

namespace limbeck {

/// Appends all nodes of the network, applied to the value `input`; returns the name of the output value.
std::string add_graph(OnnxBuilder& onnx, const GraphNetwork& network, const std::string& input);

/// Appends an operation without parameters, applied to `value`, with examples of the shape `input`; returns the name of
/// the output value.
std::string add_operation(OnnxBuilder& onnx, const std::string& name, const Operation& operation, const Shape& input,
                          const std::string& value);

}  // namespace limbeck
