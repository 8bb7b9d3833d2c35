#include "programs/onnx_call.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/tensor.h>
#include <onnx/onnx_pb.h>

#include <algorithm>

#include "core/error.h"

namespace limbeck {
namespace {

using Attribute = onnx::AttributeProto;
constexpr int64_t kMostElements = 1024;  // of a list that is held by its elements

bool may_have_elements(const at::Tensor& tensor) {
  return c10::isIntegralType(tensor.scalar_type(), false) && tensor.dim() <= 1 && tensor.numel() <= kMostElements;
}

}  // namespace

TriedProgram::Value* tensor_of_elements(TriedProgram& program, const OnnxValue& value) {
  const std::vector<TriedProgram::Value*>& elements = *value.elements;
  const bool is_known = std::all_of(elements.begin(), elements.end(), [&](auto* e) { return program.is_constant(e); });
  const at::ScalarType type = at::kLong;
  if (is_known) {
    std::vector<int64_t> numbers;
    numbers.reserve(elements.size());
    for (auto* element : elements) numbers.push_back(program.tried(element).toInt());
    return program.constant(value.is_list ? at::tensor(numbers, type) : at::scalar_tensor(numbers.at(0), type));
  }
  auto* list = value.is_list ? program.int_list(elements) : elements.at(0);
  return program.call("aten::tensor", {list}, {{"dtype", type}, {"device", program.device()}});
}

const std::string& OnnxCall::operation() const {
  return node_.op_type();
}

void OnnxCall::refuse(const std::string& why) const {
  throw Error(why);
}

const OnnxValue& OnnxCall::value(size_t place) const {
  if (!has(place)) refuse(fmt::format("expected an input at place {}", place + 1));
  return *inputs_[place];
}

OnnxCall::Value* OnnxCall::tensor(size_t place) {
  value(place);
  OnnxValue& held = *inputs_[place];
  if (held.value != nullptr) return held.value;
  if (held.constant.defined())
    held.value = held.is_trained ? program.parameter(held.name, held.constant) : program.constant(held.constant);
  else
    held.value = tensor_of_elements(program, held);
  return held.value;
}

OnnxCall::Value* OnnxCall::buffer(size_t place) {
  OnnxValue& held = *inputs_.at(place);
  if (held.value == nullptr && held.constant.defined() && !held.name.empty())
    held.value = program.buffer(held.name, held.constant);
  return tensor(place);
}

at::Tensor OnnxCall::example(size_t place) {
  if (value(place).constant.defined()) return value(place).constant;
  return program.tensor(tensor(place));
}

std::vector<OnnxCall::Value*> OnnxCall::sizes(size_t place) {
  std::vector<Value*> all;
  for (int64_t axis = 0; axis < rank(place); ++axis) all.push_back(size(place, axis));
  return all;
}

std::optional<at::Tensor> OnnxCall::known(size_t place) const {
  const OnnxValue& held = value(place);
  if (held.constant.defined()) return held.constant;
  if (held.value != nullptr && program.is_constant(held.value)) return program.tensor(held.value);
  return std::nullopt;
}

at::Tensor OnnxCall::constant(size_t place) const {
  const auto found = known(place);
  if (!found) refuse(fmt::format("input {} depends on the input of the network; expected a constant", place + 1));
  return *found;
}

double OnnxCall::constant_number(size_t place) const {
  const at::Tensor tensor = constant(place);
  if (tensor.numel() != 1) refuse(fmt::format("input {} has {} elements; expected one", place + 1, tensor.numel()));
  return tensor.item().toDouble();
}

Shape OnnxCall::constant_integers(size_t place) const {
  const at::Tensor tensor = constant(place);
  if (!may_have_elements(tensor)) refuse(fmt::format("input {} is no list of whole numbers", place + 1));
  const at::Tensor numbers = tensor.to(at::kLong).contiguous();
  return {numbers.data_ptr<int64_t>(), numbers.data_ptr<int64_t>() + numbers.numel()};
}

std::vector<OnnxCall::Value*> OnnxCall::integers(size_t place) {
  const OnnxValue& held = value(place);
  if (held.elements) return *held.elements;
  std::vector<Value*> all;
  if (known(place)) {
    for (const int64_t number : constant_integers(place)) all.push_back(number_value(number));
    return all;
  }
  const at::Tensor tried = example(place);
  if (!may_have_elements(tried)) refuse(fmt::format("input {} is no list of whole numbers", place + 1));
  Value* list = tensor(place);
  if (tried.dim() == 0) return {call("aten::Int", {list})};
  for (int64_t i = 0; i < tried.numel(); ++i) all.push_back(call("aten::Int", {call("aten::select", {list, 0, i})}));
  return all;
}

bool OnnxCall::is_of_elements() const {
  bool some = false;
  for (size_t place = 0; place < inputs(); ++place) {
    if (!has(place)) continue;
    some |= value(place).elements.has_value();
    if (value(place).elements) continue;
    const auto tensor = known(place);
    if (!tensor || !may_have_elements(*tensor)) return false;
  }
  return some;
}

const Attribute* OnnxCall::attribute(const std::string& name) const {
  for (const Attribute& attribute : node_.attribute()) {
    if (attribute.name() != name) continue;
    if (attribute.ref_attr_name().empty()) return &attribute;
    const auto found = of_function_.find(attribute.ref_attr_name());
    return found == of_function_.end() ? nullptr : found->second;
  }
  return nullptr;
}

const Attribute& OnnxCall::expect(const Attribute& attribute, int type, const char* what) const {
  if (attribute.type() != type && !(attribute.type() == Attribute::UNDEFINED && !attribute.has_type()))
    refuse(fmt::format("the attribute '{}' is of another type; expected {}", attribute.name(), what));
  return attribute;
}

int64_t OnnxCall::integer(const std::string& name, int64_t otherwise) const {
  const Attribute* found = attribute(name);
  return found == nullptr ? otherwise : expect(*found, Attribute::INT, "a whole number").i();
}

int64_t OnnxCall::integer(const std::string& name) const {
  if (!has_attribute(name)) refuse(fmt::format("expected an attribute '{}'", name));
  return integer(name, 0);
}

double OnnxCall::number(const std::string& name, double otherwise) const {
  const Attribute* found = attribute(name);
  return found == nullptr ? otherwise : expect(*found, Attribute::FLOAT, "a number").f();
}

std::string OnnxCall::text(const std::string& name, const std::string& otherwise) const {
  const Attribute* found = attribute(name);
  return found == nullptr ? otherwise : expect(*found, Attribute::STRING, "text").s();
}

std::vector<std::string> OnnxCall::texts(const std::string& name) const {
  const Attribute* found = attribute(name);
  if (found == nullptr) return {};
  const auto& all = expect(*found, Attribute::STRINGS, "texts").strings();
  return {all.begin(), all.end()};
}

std::optional<Shape> OnnxCall::integer_list(const std::string& name) const {
  const Attribute* found = attribute(name);
  if (found == nullptr) return std::nullopt;
  const auto& all = expect(*found, Attribute::INTS, "whole numbers").ints();
  return Shape(all.begin(), all.end());
}

std::optional<std::vector<double>> OnnxCall::number_list(const std::string& name) const {
  const Attribute* found = attribute(name);
  if (found == nullptr) return std::nullopt;
  const auto& all = expect(*found, Attribute::FLOATS, "numbers").floats();
  return std::vector<double>(all.begin(), all.end());
}

at::Tensor OnnxCall::tensor_attribute(const std::string& name) const {
  const Attribute* found = attribute(name);
  if (found == nullptr) refuse(fmt::format("expected an attribute '{}'", name));
  const at::Tensor tensor = tensors_.read(expect(*found, Attribute::TENSOR, "a tensor").t());
  const bool is_half = tensor.scalar_type() == at::kHalf || tensor.scalar_type() == at::kBFloat16;
  return is_half && reading.is_network ? tensor.to(at::kFloat) : tensor;
}

const onnx::GraphProto& OnnxCall::graph(const std::string& name) const {
  const Attribute* found = attribute(name);
  if (found == nullptr) refuse(fmt::format("expected an attribute '{}'", name));
  return expect(*found, Attribute::GRAPH, "a graph").g();
}

std::optional<Shape> OnnxCall::integers_by_opset(const std::string& name, int64_t opset, size_t place) const {
  if (opset_ < opset) return integer_list(name);
  return has(place) ? std::optional(constant_integers(place)) : std::nullopt;
}

int64_t OnnxCall::axis(int64_t given, int64_t rank) const {
  if (given < -rank || given >= rank) refuse(fmt::format("has the axis {} of a tensor of {} axes", given, rank));
  return given < 0 ? given + rank : given;
}

Shape OnnxCall::axes(const Shape& given, int64_t rank) const {
  Shape all;
  for (const int64_t one : given) all.push_back(axis(one, rank));
  std::sort(all.begin(), all.end());
  if (std::adjacent_find(all.begin(), all.end()) != all.end()) refuse("names an axis twice");
  return all;
}

std::optional<int64_t> OnnxCall::known_integer(Value* value) const {
  if (!program.is_constant(value)) return std::nullopt;
  return program.tried(value).toInt();
}

OnnxCall::Value* OnnxCall::cast(Value* value, at::ScalarType type) {
  if (program.tensor(value).scalar_type() == type) return value;
  return call("aten::to", {value, type});
}

at::ScalarType OnnxCall::type_of(int64_t type) const {
  const at::ScalarType own = type_of_onnx(static_cast<int>(type));
  const bool is_half = own == at::kHalf || own == at::kBFloat16;
  return is_half && reading.is_network ? at::kFloat : own;
}

OnnxCall::Value* OnnxCall::reshape(Value* value, const std::vector<Value*>& shape) {
  return call("aten::reshape", {value, program.int_list(shape)});
}

OnnxCall::Value* OnnxCall::reshape(Value* value, const Shape& shape) {
  return call("aten::reshape", {value, shape});
}

std::vector<OnnxCall::Value*> OnnxCall::split(Value* value, const Shape& sizes, int64_t axis) {
  return program.unpack(call("aten::split_with_sizes", {value, sizes, axis}), sizes.size());
}

}  // namespace limbeck
