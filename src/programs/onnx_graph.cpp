#include "programs/onnx_graph.h"

#include <onnx/onnx_pb.h>

#include <set>
#include <string>

namespace limbeck {

std::vector<const onnx::ValueInfoProto*> inputs_of(const onnx::GraphProto& graph) {
  std::set<std::string> initializers;
  for (const onnx::TensorProto& initializer : graph.initializer()) initializers.insert(initializer.name());
  std::vector<const onnx::ValueInfoProto*> inputs;
  for (const onnx::ValueInfoProto& input : graph.input())
    if (!initializers.contains(input.name())) inputs.push_back(&input);
  return inputs;
}

}  // namespace limbeck
