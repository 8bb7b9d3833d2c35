#include "programs/onnx_weights.h"

#include <ATen/TensorOperators.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <set>

#include "core/error.h"

namespace limbeck {
namespace {

bool is_onnx_operation(const onnx::NodeProto& node, const char* name) {
  return (node.domain().empty() || node.domain() == "ai.onnx") && node.op_type() == name;
}

bool may_be_weight(const onnx::TensorProto& tensor) {
  int64_t elements = 1;
  for (const int64_t extent : tensor.dims())
    if (__builtin_mul_overflow(elements, extent, &elements)) return false;
  switch (tensor.data_type()) {
    case onnx::TensorProto::FLOAT:
    case onnx::TensorProto::DOUBLE:
    case onnx::TensorProto::FLOAT16:
    case onnx::TensorProto::BFLOAT16:
      return tensor.dims_size() > 0 && elements > 1;
    default:
      return false;
  }
}

void for_each_node(onnx::GraphProto& graph, const std::function<void(onnx::NodeProto&)>& visit);

void for_each_node(onnx::NodeProto& node, const std::function<void(onnx::NodeProto&)>& visit) {
  visit(node);
  for (onnx::AttributeProto& attribute : *node.mutable_attribute())
    if (attribute.has_g()) for_each_node(*attribute.mutable_g(), visit);
}

void for_each_node(onnx::GraphProto& graph, const std::function<void(onnx::NodeProto&)>& visit) {
  for (onnx::NodeProto& node : *graph.mutable_node()) for_each_node(node, visit);
}

/// Names that stand for something else than an input of a node of the main graph.
std::set<std::string> names_used_elsewhere(onnx::GraphProto& graph) {
  std::set<std::string> names;
  for (const onnx::ValueInfoProto& output : graph.output()) names.insert(output.name());
  for (onnx::NodeProto& node : *graph.mutable_node())
    for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
      if (!attribute.has_g()) continue;
      for (const onnx::ValueInfoProto& output : attribute.g().output()) names.insert(output.name());
      for_each_node(*attribute.mutable_g(),
                    [&](const onnx::NodeProto& inner) { names.insert(inner.input().begin(), inner.input().end()); });
    }
  return names;
}

std::set<std::string> all_names(const onnx::GraphProto& graph) {
  std::set<std::string> names;
  for (const onnx::TensorProto& initializer : graph.initializer()) names.insert(initializer.name());
  for (const onnx::ValueInfoProto& input : graph.input()) names.insert(input.name());
  for (const onnx::NodeProto& node : graph.node()) names.insert(node.output().begin(), node.output().end());
  return names;
}

/// Nodes for which `is_done` holds are taken out.
void erase_nodes(onnx::GraphProto& graph, const std::function<bool(const onnx::NodeProto&)>& is_done) {
  auto& nodes = *graph.mutable_node();
  int kept = 0;
  for (int i = 0; i < nodes.size(); ++i)
    if (!is_done(nodes.Get(i))) nodes.SwapElements(kept++, i);  // their order stays
  nodes.DeleteSubrange(kept, nodes.size() - kept);
}

void constants_to_initializers(onnx::GraphProto& graph) {
  std::set<std::string> outputs;
  for (const onnx::ValueInfoProto& output : graph.output()) outputs.insert(output.name());
  erase_nodes(graph, [&](const onnx::NodeProto& node) {
    if (!is_onnx_operation(node, "Constant") || node.attribute_size() != 1 || node.output_size() != 1) return false;
    const onnx::AttributeProto& value = node.attribute(0);
    if (value.name() != "value" || !value.has_t() || !may_be_weight(value.t()) || outputs.contains(node.output(0)))
      return false;
    onnx::TensorProto& initializer = *graph.add_initializer();
    initializer = value.t();
    initializer.set_name(node.output(0));
    return true;
  });
}

void copy_shared_initializers(onnx::GraphProto& graph, OnnxTensorReader& reader) {
  std::map<std::string, int> uses;
  for (const onnx::NodeProto& node : graph.node())
    for (const std::string& input : node.input()) ++uses[input];
  const std::set<std::string> elsewhere = names_used_elsewhere(graph);
  std::map<std::string, onnx::TensorProto> shared;
  for (const onnx::TensorProto& initializer : graph.initializer()) {
    if (uses[initializer.name()] < 2 || elsewhere.contains(initializer.name()) || !may_be_weight(initializer)) continue;
    const at::Tensor value = reader.read(initializer).flatten();
    if ((value == value[0]).all().item<bool>()) shared[initializer.name()] = initializer;
  }
  std::set<std::string> names = all_names(graph), taken;
  const auto add = [&](const onnx::TensorProto& initializer, const std::string& name) {
    onnx::TensorProto& copy = *graph.add_initializer();
    copy = initializer;
    copy.set_name(name);
  };
  erase_nodes(graph, [&](const onnx::NodeProto& node) {
    if (!is_onnx_operation(node, "Identity") || node.input_size() != 1 || node.output_size() != 1) return false;
    const auto found = shared.find(node.input(0));
    if (found == shared.end() || elsewhere.contains(node.output(0))) return false;
    add(found->second, node.output(0));
    return true;
  });
  for (onnx::NodeProto& node : *graph.mutable_node())
    for (std::string& input : *node.mutable_input()) {
      const auto found = shared.find(input);
      if (found == shared.end() || taken.insert(input).second) continue;
      int count = 2;
      std::string name = fmt::format("{}_{}", input, count);
      while (!names.insert(name).second) name = fmt::format("{}_{}", input, ++count);
      add(found->second, name);
      input = name;
    }
}

/// As the graph is computed where it is not trained.
void to_inference(onnx::NodeProto& node) {
  if (is_onnx_operation(node, "BatchNormalization")) {
    auto& attributes = *node.mutable_attribute();
    for (int i = attributes.size() - 1; i >= 0; --i)
      if (attributes.Get(i).name() == "training_mode") attributes.DeleteSubrange(i, 1);
    if (node.output_size() > 1) node.mutable_output()->DeleteSubrange(1, node.output_size() - 1);
  }
  constexpr int kTrainingMode = 2;
  if (is_onnx_operation(node, "Dropout") && node.input_size() > kTrainingMode)
    node.mutable_input()->DeleteSubrange(kTrainingMode, 1);
}

void clear_data(onnx::TensorProto& tensor) {
  tensor.clear_raw_data();
  tensor.clear_float_data();
  tensor.clear_double_data();
  tensor.clear_int32_data();
  tensor.clear_int64_data();
  tensor.clear_external_data();
  tensor.clear_data_location();
}

void include_external_data(onnx::TensorProto& tensor, OnnxTensorReader& reader) {
  if (tensor.data_location() != onnx::TensorProto::EXTERNAL) return;
  const at::Tensor value = reader.read(tensor);
  clear_data(tensor);
  tensor.set_raw_data(value.data_ptr(), value.nbytes());
}

}  // namespace

void separate_weights(onnx::ModelProto& model, OnnxTensorReader& reader) {
  constants_to_initializers(*model.mutable_graph());
  copy_shared_initializers(*model.mutable_graph(), reader);
}

std::string graph_without_weights(onnx::ModelProto model, const std::map<std::string, std::string>& kept,
                                  OnnxTensorReader& reader) {
  onnx::GraphProto& graph = *model.mutable_graph();
  for (onnx::TensorProto& initializer : *graph.mutable_initializer()) {
    const auto name = kept.find(initializer.name());
    if (name == kept.end()) {
      include_external_data(initializer, reader);
      continue;
    }
    clear_data(initializer);
    initializer.set_data_location(onnx::TensorProto::EXTERNAL);
    onnx::StringStringEntryProto& location = *initializer.add_external_data();
    location.set_key("location");
    location.set_value(name->second);
  }
  const auto complete = [&](onnx::NodeProto& node) {
    to_inference(node);
    for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
      if (attribute.has_t()) include_external_data(*attribute.mutable_t(), reader);
      if (!attribute.has_g()) continue;
      for (onnx::TensorProto& initializer : *attribute.mutable_g()->mutable_initializer())
        include_external_data(initializer, reader);
    }
  };
  for_each_node(graph, complete);
  for (onnx::FunctionProto& function : *model.mutable_functions())
    for (onnx::NodeProto& node : *function.mutable_node()) for_each_node(node, complete);
  constexpr int kInitializersAreNoInputs = 4;
  model.set_ir_version(std::max<int64_t>(model.ir_version(), kInitializersAreNoInputs));
  std::string serialized;
  model.SerializeToString(&serialized);
  return serialized;
}

onnx::ModelProto graph_with_weights(const std::string& graph, const TensorMap& weights) {
  onnx::ModelProto model;
  if (graph.size() > static_cast<size_t>(std::numeric_limits<int>::max()) || !model.ParseFromString(graph))
    throw Error("its ONNX graph is damaged");
  for (onnx::TensorProto& initializer : *model.mutable_graph()->mutable_initializer()) {
    if (initializer.data_location() != onnx::TensorProto::EXTERNAL) continue;
    const std::string name = initializer.external_data_size() > 0 ? initializer.external_data(0).value() : "";
    const auto found = weights.find(name);
    if (found == weights.end()) throw Error(fmt::format("its ONNX graph has a weight '{}', which is missing", name));
    const at::Tensor value = found->second.detach().to(at::kCPU).to(type_of_onnx(initializer.data_type())).contiguous();
    const Shape shape(initializer.dims().begin(), initializer.dims().end());
    if (value.sizes().vec() != shape)
      throw Error(fmt::format("its ONNX graph has a weight '{}' of {}; expected {}", name, to_text(shape),
                              to_text(value.sizes().vec())));
    clear_data(initializer);
    initializer.set_raw_data(value.data_ptr(), value.nbytes());
  }
  return model;
}

}  // namespace limbeck
