#include "deploy/onnx_original.h"

#include <onnx/onnx_pb.h>

#include <algorithm>

#include "core/error.h"
#include "programs/onnx_graph.h"
#include "programs/onnx_weights.h"
#include "programs/returned_outputs.h"

namespace limbeck {

struct OriginalOnnx::Model {
  onnx::ModelProto proto;
  onnx::GraphProto& graph() { return *proto.mutable_graph(); }
  onnx::ValueInfoProto& input();
};

namespace {

void add_names(const onnx::GraphProto& graph, std::set<std::string>& names) {
  for (const onnx::TensorProto& initializer : graph.initializer()) names.insert(initializer.name());
  for (const onnx::ValueInfoProto& input : graph.input()) names.insert(input.name());
  for (const onnx::NodeProto& node : graph.node()) {
    names.insert(node.name());
    names.insert(node.output().begin(), node.output().end());
    for (const onnx::AttributeProto& attribute : node.attribute())
      if (attribute.has_g()) add_names(attribute.g(), names);
  }
}

/// Every use of a value, also in graphs inside of nodes.
void rename_uses(onnx::GraphProto& graph, const std::string& from, const std::string& to) {
  for (onnx::NodeProto& node : *graph.mutable_node()) {
    std::replace(node.mutable_input()->begin(), node.mutable_input()->end(), from, to);
    for (onnx::AttributeProto& attribute : *node.mutable_attribute())
      if (attribute.has_g()) rename_uses(*attribute.mutable_g(), from, to);
  }
  for (onnx::ValueInfoProto& output : *graph.mutable_output())
    if (output.name() == from) output.set_name(to);
}

}  // namespace

onnx::ValueInfoProto& OriginalOnnx::Model::input() {
  const std::vector<const onnx::ValueInfoProto*> inputs = inputs_of(graph());
  if (inputs.empty()) throw Error("its ONNX graph has no input");
  return *std::find_if(graph().mutable_input()->begin(), graph().mutable_input()->end(),
                       [&](const onnx::ValueInfoProto& input) { return &input == inputs.front(); });
}

OriginalOnnx::OriginalOnnx(const std::string& graph, const TensorMap& weights)
    : model_(std::make_unique<Model>(Model{graph_with_weights(graph, weights)})) {
  if (model_->graph().output_size() == 0) throw Error("its ONNX graph has no output");
}

OriginalOnnx::~OriginalOnnx() = default;

std::string OriginalOnnx::input() const {
  return model_->input().name();
}

bool OriginalOnnx::takes_floats() const {
  const auto type = model_->input().type().tensor_type().elem_type();
  return type == onnx::TensorProto::FLOAT || type == onnx::TensorProto::FLOAT16 || type == onnx::TensorProto::DOUBLE;
}

std::set<std::string> OriginalOnnx::names() const {
  std::set<std::string> names;
  add_names(model_->graph(), names);
  names.erase(input());
  return names;
}

std::string OriginalOnnx::output(const std::string& chosen) const {
  std::vector<std::string> outputs;
  for (const onnx::ValueInfoProto& output : model_->graph().output()) outputs.push_back(output.name());
  return outputs[place_of_output(chosen, outputs).value_or(0)];
}

void OriginalOnnx::prepare_input(OnnxBuilder& before, std::string value, const Shape& shape) {
  onnx::ValueInfoProto& input = model_->input();
  if (const auto type = input.type().tensor_type().elem_type(); type != OnnxBuilder::kFloat)
    value = before.node("Cast", {value}, {{"to", int64_t{type}}}, "input.typed");
  before.output("input.prepared", value, shape);
  onnx::ModelProto preparation;
  preparation.ParseFromString(before.finish("preparation", {}));
  onnx::GraphProto &graph = model_->graph(), &added = *preparation.mutable_graph();
  rename_uses(graph, input.name(), added.output(0).name());
  input = added.input(0);
  added.mutable_node()->MergeFrom(graph.node());
  graph.mutable_node()->Swap(added.mutable_node());
  graph.mutable_initializer()->MergeFrom(added.initializer());
}

std::string OriginalOnnx::add_softmax(const std::string& output) {
  onnx::GraphProto& graph = model_->graph();
  std::string name = "probabilities";
  const std::set<std::string> taken = names();
  while (taken.contains(name)) name += "_";
  for (onnx::ValueInfoProto& each : *graph.mutable_output()) {
    if (each.name() != output) continue;
    onnx::NodeProto& node = *graph.add_node();
    node.set_op_type("Softmax");
    node.set_name(name);
    node.add_input(output);
    node.add_output(name);
    onnx::AttributeProto& axis = *node.add_attribute();
    axis.set_name("axis");
    axis.set_type(onnx::AttributeProto::INT);
    axis.set_i(1);
    each.set_name(name);
  }
  return name;
}

std::string OriginalOnnx::finish(const std::map<std::string, std::string>& metadata) {
  onnx::ModelProto& model = model_->proto;
  auto& entries = *model.mutable_metadata_props();
  for (int i = entries.size() - 1; i >= 0; --i)
    if (entries.Get(i).key().starts_with("limbeck.")) entries.DeleteSubrange(i, 1);
  for (const auto& [key, value] : metadata) {
    onnx::StringStringEntryProto& entry = *entries.Add();
    entry.set_key(key);
    entry.set_value(value);
  }
  std::string bytes;
  if (!model.SerializeToString(&bytes))
    throw Error("the network does not fit into an ONNX file, which holds 2 GB at most");
  return bytes;
}

}  // namespace limbeck
