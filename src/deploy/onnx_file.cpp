#include "deploy/onnx_file.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <limits>

#include "core/error.h"
#include "programs/onnx_graph.h"

namespace limbeck {
namespace {

/// Extents behind the first, the batch's.
Shape shape_behind_batch(const onnx::ValueInfoProto& value) {
  Shape shape;
  const onnx::TensorShapeProto& extents = value.type().tensor_type().shape();
  for (int i = 1; i < extents.dim_size(); ++i) shape.push_back(extents.dim(i).dim_value());
  return shape;
}

int64_t numbers_in(const onnx::TensorProto& constant) {
  int64_t count = constant.dims_size() > 0 ? 1 : 0;
  for (const int64_t extent : constant.dims()) count *= extent;
  return count;
}

}  // namespace

OnnxFile parse_onnx(const std::string& content, const std::string& name) {
  const auto refuse = [&](const std::string& why) { throw Error(fmt::format("the ONNX file '{}' {}", name, why)); };
  onnx::ModelProto model;
  if (content.size() > static_cast<size_t>(std::numeric_limits<int>::max()) || !model.ParseFromString(content))
    refuse("is damaged: it cannot be read to its end");
  const onnx::GraphProto& graph = model.graph();
  const std::vector<const onnx::ValueInfoProto*> inputs = inputs_of(graph);
  if (inputs.size() != 1 || graph.output_size() == 0)
    refuse(fmt::format("has {} inputs and {} outputs; expected one input, a batch of examples, and an output",
                       inputs.size(), graph.output_size()));
  const auto type = inputs.front()->type().tensor_type().elem_type();
  if (type != onnx::TensorProto::FLOAT && type != onnx::TensorProto::UINT8)
    refuse(fmt::format("takes elements of ONNX's type {}; expected float32 or uint8", type));
  OnnxFile file{.input = inputs.front()->name(),
                .input_shape = shape_behind_batch(*inputs.front()),
                .takes_bytes = type == onnx::TensorProto::UINT8,
                .output = graph.output(0).name(),
                .metadata = {}};
  for (const onnx::StringStringEntryProto& entry : model.metadata_props()) file.metadata[entry.key()] = entry.value();
  if (const auto said = file.metadata.find(OnnxFile::kOutput); said != file.metadata.end()) file.output = said->second;
  const auto output = std::find_if(graph.output().begin(), graph.output().end(),
                                   [&](const onnx::ValueInfoProto& each) { return each.name() == file.output; });
  if (output == graph.output().end()) refuse(fmt::format("has no output '{}', which its metadata names", file.output));
  file.outputs = graph.output_size();
  const auto returns = file.metadata.find(OnnxFile::kReturns);
  const std::string values = returns != file.metadata.end() ? returns->second : file.output;
  if (values == "probabilities") file.returns = ReturnedValues::probabilities;
  if (values == "sigmoid") file.returns = ReturnedValues::sigmoid;
  if (const Shape shape = shape_behind_batch(*output); shape.size() == 1) file.classes = shape.front();
  for (const onnx::TensorProto& constant : graph.initializer()) file.parameters += numbers_in(constant);
  return file;
}

}  // namespace limbeck
