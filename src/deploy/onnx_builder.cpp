#include "deploy/onnx_builder.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>

#include <onnx/checker.h>
#include <onnx/onnx_pb.h>

#include "core/error.h"
#include "core/version.h"

namespace limbeck {

struct OnnxBuilder::Model {
  onnx::ModelProto proto;
  onnx::GraphProto& graph() { return *proto.mutable_graph(); }
};

namespace {

constexpr int kOperationSet = 13, kFormat = 7;
constexpr const char* kBatch = "batch";

onnx::TensorProto::DataType type_of(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return onnx::TensorProto::FLOAT;
    case at::kLong:
      return onnx::TensorProto::INT64;
    case at::kInt:
      return onnx::TensorProto::INT32;
    case at::kChar:
      return onnx::TensorProto::INT8;
    case at::kByte:
      return onnx::TensorProto::UINT8;
    case at::kBool:
      return onnx::TensorProto::BOOL;
    default:
      throw Error(fmt::format("a tensor of {} has no place in an ONNX file of this program", c10::toString(type)));
  }
}

void describe(onnx::ValueInfoProto& value, const std::string& name, at::ScalarType type, const Shape& shape) {
  value.set_name(name);
  auto* tensor = value.mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type_of(type));
  tensor->mutable_shape()->add_dim()->set_dim_param(kBatch);
  for (const int64_t extent : shape) tensor->mutable_shape()->add_dim()->set_dim_value(extent);
}

/// The name of the first entry that is another one, or missing, in the other list.
template <class List>
std::string first_difference(const List& own, const List& other) {
  for (int i = 0; i < own.size(); ++i)
    if (i >= other.size() || own.Get(i).SerializeAsString() != other.Get(i).SerializeAsString())
      return own.Get(i).name();
  return own.size() < other.size() ? other.Get(own.size()).name() : std::string();
}

void set(onnx::AttributeProto& attribute, int64_t value) {
  attribute.set_type(onnx::AttributeProto::INT);
  attribute.set_i(value);
}
void set(onnx::AttributeProto& attribute, double value) {
  attribute.set_type(onnx::AttributeProto::FLOAT);
  attribute.set_f(static_cast<float>(value));
}
void set(onnx::AttributeProto& attribute, const Shape& value) {
  attribute.set_type(onnx::AttributeProto::INTS);
  for (const int64_t number : value) attribute.add_ints(number);
}
void set(onnx::AttributeProto& attribute, const std::string& value) {
  attribute.set_type(onnx::AttributeProto::STRING);
  attribute.set_s(value);
}

}  // namespace

OnnxBuilder::OnnxBuilder() : model_(std::make_unique<Model>()) {
  model_->proto.set_ir_version(kFormat);
  model_->proto.set_producer_name("limbeck");
  model_->proto.set_producer_version(library_version());
  model_->proto.add_opset_import()->set_version(kOperationSet);
}

OnnxBuilder::OnnxBuilder(const OnnxBuilder& other)
    : model_(std::make_unique<Model>(*other.model_)), taken_(other.taken_) {}

OnnxBuilder::~OnnxBuilder() = default;

std::string OnnxBuilder::new_name(const std::string& wanted) {
  const int before = taken_[wanted]++;
  return before == 0 ? wanted : new_name(fmt::format("{}.{}", wanted, before));
}

std::string OnnxBuilder::input(const std::string& name, at::ScalarType type, const Shape& shape) {
  const std::string own = new_name(name);
  describe(*model_->graph().add_input(), own, type, shape);
  return own;
}

std::string OnnxBuilder::constant(const std::string& name, const at::Tensor& content) {
  at::Tensor value = content.detach().to(at::kCPU).contiguous();
  if (value.is_floating_point()) value = value.to(at::kFloat);
  onnx::TensorProto& tensor = *model_->graph().add_initializer();
  tensor.set_name(new_name(name));
  tensor.set_data_type(type_of(value.scalar_type()));
  for (const int64_t extent : value.sizes()) tensor.add_dims(extent);
  tensor.set_raw_data(value.data_ptr(), value.nbytes());
  return tensor.name();
}

std::string OnnxBuilder::constant(const std::string& name, const std::vector<int64_t>& value) {
  return constant(name, at::tensor(value, at::kLong));
}

std::string OnnxBuilder::node(const std::string& operation, const std::vector<std::string>& inputs,
                              const Attributes& attributes, const std::string& name) {
  onnx::NodeProto& node = *model_->graph().add_node();
  node.set_op_type(operation);
  node.set_name(new_name(name.empty() ? operation : name));
  for (const std::string& input : inputs) node.add_input(input);
  for (const auto& [key, value] : attributes) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(key);
    std::visit([&](const auto& held) { set(attribute, held); }, value);
  }
  node.add_output(node.name());
  return node.name();
}

void OnnxBuilder::output(const std::string& name, const std::string& value, const Shape& shape) {
  onnx::NodeProto& node = *model_->graph().add_node();
  node.set_op_type("Identity");
  node.set_name(new_name(name));
  node.add_input(value);
  node.add_output(node.name());
  describe(*model_->graph().add_output(), node.name(), at::kFloat, shape);
}

std::string OnnxBuilder::first_difference(const OnnxBuilder& other) const {
  const onnx::GraphProto &own = model_->proto.graph(), &others = other.model_->proto.graph();
  const std::string constant = limbeck::first_difference(own.initializer(), others.initializer());
  return constant.empty() ? limbeck::first_difference(own.node(), others.node()) : constant;
}

std::string OnnxBuilder::finish(const std::string& graph_name, const std::map<std::string, std::string>& metadata) {
  model_->graph().set_name(graph_name);
  model_->proto.clear_metadata_props();
  for (const auto& [key, value] : metadata) {
    onnx::StringStringEntryProto& entry = *model_->proto.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
  try {
    onnx::checker::check_model(model_->proto);
  } catch (const std::exception& error) {
    throw Error(fmt::format("the ONNX model does not hold: {}", error.what()));
  }
  std::string bytes;
  if (!model_->proto.SerializeToString(&bytes))
    throw Error("the network does not fit into an ONNX file, which holds 2 GB at most");
  return bytes;
}

}  // namespace limbeck
