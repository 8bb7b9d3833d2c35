#pragma once
// The weights of an ONNX model apart from its graph. The graph is kept with the program that is made of the model, so
// that the trained program can be written as the same ONNX graph again: same operations, inputs and outputs, other
// weights.
//
//   separate_weights(model, reader);                          // before the model is translated
//   std::string graph = graph_without_weights(model, {{"conv1.weight", "conv1.weight"}}, reader);
//   ...
//   onnx::ModelProto trained = graph_with_weights(graph, tensors);
//
// In such a graph an initializer of a weight has external data, whose location is the tensor's name in the program.
#include <map>
#include <string>

#include "nn/weights.h"
#include "programs/onnx_tensor.h"

namespace onnx {
class ModelProto;
}

namespace limbeck {

/// Gives each weight of the main graph an initializer of its own. Exporters write equal tensors once, such as the zeros
/// of all biases and running means before training: uniform initializers that several nodes use are copied for each,
/// under the name of the Identity node where there is one. Constant nodes with several floating-point numbers become
/// initializers.
void separate_weights(onnx::ModelProto& model, OnnxTensorReader& reader);

/// The model, serialized, in inference mode, without the data of those initializers; `kept`: the names that they have
/// in the program. External data of others is included.
std::string graph_without_weights(onnx::ModelProto model, const std::map<std::string, std::string>& kept,
                                  OnnxTensorReader& reader);

/// The inverse, with these weights. Throws Error if one is missing or of another shape.
onnx::ModelProto graph_with_weights(const std::string& graph, const TensorMap& weights);

}  // namespace limbeck
