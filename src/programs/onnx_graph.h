#pragma once
// What an ONNX graph takes.
#include <vector>

namespace onnx {
class GraphProto;
class ValueInfoProto;
}  // namespace onnx

namespace limbeck {

/// The inputs that are no initializers, which formats before the fourth list among them.
std::vector<const onnx::ValueInfoProto*> inputs_of(const onnx::GraphProto& graph);

}  // namespace limbeck
