#pragma once
// The nodes of a graph as nodes of an ONNX model.
#include "deploy/onnx_builder.h"
#include "nn/network.h"

namespace limbeck {

/// Appends all nodes, which take the value `input`; returns the value of the last.
std::string add_graph(OnnxBuilder& onnx, const GraphNetwork& network, const std::string& input);

/// Appends an operation without parameters on an example of the shape `input`.
std::string add_operation(OnnxBuilder& onnx, const std::string& name, const Operation& operation, const Shape& input,
                          const std::string& value);

}  // namespace limbeck
