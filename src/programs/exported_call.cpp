#include "programs/exported_call.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/jit/frontend/schema_matching.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/runtime/operator.h>
#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "programs/exported_types.h"

namespace limbeck {

namespace jit = torch::jit;

namespace {

using Schemas = std::vector<const c10::FunctionSchema*>;

c10::TypePtr without_optional(const c10::TypePtr& type) {
  if (type == nullptr) return nullptr;
  const auto optional = type->cast<c10::OptionalType>();
  return optional == nullptr ? type : optional->getElementType();
}

bool is_of_kind(const c10::TypePtr& type, c10::TypeKind kind) {
  const c10::TypePtr bare = without_optional(type);
  return bare != nullptr && bare->kind() == kind;
}

/// Of an argument's type: what a list of it holds.
c10::TypePtr element_type(const c10::TypePtr& type) {
  const c10::TypePtr bare = without_optional(type);
  const auto list = bare == nullptr ? nullptr : bare->cast<c10::ListType>();
  return list == nullptr ? nullptr : list->getElementType();
}

/// A number as the schema has it: PyTorch takes integers for floats, and floats without a fraction for integers where
/// an older schema has those.
c10::IValue as_type(const c10::IValue& value, const c10::TypePtr& type) {
  if (is_of_kind(type, c10::TypeKind::FloatType) && value.isInt()) return static_cast<double>(value.toInt());
  if (is_of_kind(type, c10::TypeKind::IntType) && value.isDouble() && value.toDouble() == std::trunc(value.toDouble()))
    return static_cast<int64_t>(value.toDouble());
  if (is_of_kind(type, c10::TypeKind::BoolType) && value.isInt()) return value.toInt() != 0;
  return value;
}

bool is_number(const std::string& kind) {
  static const std::set<std::string> all = {"as_int",     "as_float",     "as_bool",
                                            "as_sym_int", "as_sym_float", "as_sym_bool"};
  return all.contains(kind);
}

/// Of this name, those of ATen: others may read and write files.
Schemas schemas_of(const std::string& operation) {
  Schemas all;
  for (const auto& found : jit::getAllOperatorsFor(c10::Symbol::fromQualString("aten::" + operation)))
    if (c10::Dispatcher::singleton().findSchema(found->schema().operator_name()) && operation != "from_file")
      all.push_back(&found->schema());
  return all;
}

/// "softmax.int" → "softmax", "int"; "conv2d.default" → "conv2d", ""
std::pair<std::string, std::string> name_and_overload(const std::string& operation) {
  const size_t dot = operation.find('.');
  if (dot == std::string::npos) return {operation, ""};
  const std::string overload = operation.substr(dot + 1);
  return {operation.substr(0, dot), overload == "default" ? "" : overload};
}

const c10::FunctionSchema& schema_of(const std::string& operation) {
  const auto [name, overload] = name_and_overload(operation);
  for (const c10::FunctionSchema* schema : schemas_of(name))
    if (schema->overload_name() == overload) return *schema;
  throw Error(fmt::format("LibTorch {} has no operation 'aten::{}'", TORCH_VERSION, operation));
}

const c10::Argument* argument_of(const c10::FunctionSchema& schema, const std::string& name) {
  for (const c10::Argument& argument : schema.arguments())
    if (argument.name() == name) return &argument;
  return nullptr;
}

}  // namespace

jit::Value* ExportedValues::at(const std::string& name) {
  const auto found = values_.find(name);
  if (found == values_.end())
    throw Error(fmt::format("uses '{}', which no node before it gives, or a result that is not read", name));
  users_[found->second].push_back(user_);
  return found->second;
}

const std::vector<size_t>& ExportedValues::users(const Value* value) const {
  static const std::vector<size_t> none;
  const auto found = users_.find(value);
  return found == users_.end() ? none : found->second;
}

jit::Value* ExportedValues::device() {
  if (input_ == nullptr) throw Error("makes a tensor in a program that has no input");
  if (device_ == nullptr) device_ = program_.call("prim::device", {input_});
  return device_;
}

ExportedCall::ExportedCall(ExportedValues& values, const ExportedJson& node)
    : values_(values), target_(node.at("target").text()) {
  constexpr std::string_view kOperations = "torch.ops.";
  if (target_.starts_with(kOperations)) target_.erase(0, kOperations.size());
  for (const ExportedJson& input : node.at("inputs").list())
    arguments_.emplace_back(input.at("name").text(), input.at("arg"));
}

const ExportedJson* ExportedCall::find(const std::string& argument) const {
  for (const auto& [name, value] : arguments_)
    if (name == argument) return &value;
  return nullptr;
}

bool ExportedCall::has(const std::string& argument) const {
  const ExportedJson* found = find(argument);
  return found != nullptr && found->tagged().first != "as_none";
}

jit::Value* ExportedCall::value(const std::string& argument) {
  const ExportedJson* found = find(argument);
  return found == nullptr ? program().constant({}) : resolve(*found, nullptr);
}

double ExportedCall::number(const std::string& argument, double otherwise) const {
  return has(argument) ? find(argument)->tagged().second.number() : otherwise;
}
int64_t ExportedCall::integer(const std::string& argument, int64_t otherwise) const {
  return has(argument) ? find(argument)->tagged().second.integer() : otherwise;
}
bool ExportedCall::flag(const std::string& argument, bool otherwise) const {
  return has(argument) ? find(argument)->tagged().second.flag() : otherwise;
}
std::vector<int64_t> ExportedCall::integers(const std::string& argument) const {
  const ExportedJson* found = find(argument);
  std::vector<int64_t> all;
  if (found == nullptr) return all;
  for (const ExportedJson& element : found->tagged().second.list()) all.push_back(element.integer());
  return all;
}

jit::Value* ExportedCall::resolve(const ExportedJson& argument, const c10::TypePtr& type) {
  const auto [kind, value] = argument.tagged();
  const auto constant = [&](const c10::IValue& number) { return program().constant(as_type(number, type)); };
  if (kind == "as_none") return program().constant({});
  if (kind == "as_tensor") return values_.at(value.at("name").text());
  if (kind == "as_optional_tensor") return resolve(value, type);
  if (kind == "as_int") return constant(value.integer());
  if (kind == "as_float") return constant(value.number());
  if (kind == "as_bool") return constant(value.flag());
  if (kind == "as_string") return constant(value.text());
  if (kind == "as_name") return values_.at(value.text());
  if (kind == "as_sym_int" || kind == "as_sym_float" || kind == "as_sym_bool") return resolve(value, type);
  if (kind == "as_scalar_type") return constant(static_cast<int64_t>(exported_scalar_type(value.integer())));
  if (kind == "as_memory_format") return constant(static_cast<int64_t>(exported_memory_format(value.integer())));
  if (kind == "as_complex") return constant(c10::complex<double>(value.at("real").number(), value.at("imag").number()));
  if (kind == "as_device") return values_.device();
  if (kind == "as_layout") {
    check_exported_layout(value.integer());
    return program().constant({});
  }
  static const std::map<std::string, std::string> lists = {
      {"as_tensors", "as_tensor"}, {"as_optional_tensors", ""}, {"as_ints", "as_int"},
      {"as_floats", "as_float"},   {"as_bools", "as_bool"},     {"as_strings", "as_string"},
      {"as_sym_ints", ""},         {"as_sym_floats", ""},       {"as_sym_bools", ""}};
  const auto elements = lists.find(kind);
  if (elements == lists.end()) throw Error(fmt::format("has an argument of the kind '{}', which is not read", kind));
  return list(value.list(), elements->second, type);
}

/// Elements of one kind stand alone, mixed ones with their kinds.
jit::Value* ExportedCall::list(const std::vector<ExportedJson>& elements, const std::string& kind,
                               const c10::TypePtr& type) {
  const c10::TypePtr expected = element_type(type);
  std::vector<Value*> all;
  for (const ExportedJson& element : elements) {
    const auto constant = [&](const c10::IValue& number) { return program().constant(as_type(number, expected)); };
    if (kind.empty()) all.push_back(resolve(element, expected));
    if (kind == "as_tensor") all.push_back(values_.at(element.at("name").text()));
    if (kind == "as_int") all.push_back(constant(element.integer()));
    if (kind == "as_float") all.push_back(constant(element.number()));
    if (kind == "as_bool") all.push_back(constant(element.flag()));
    if (kind == "as_string") all.push_back(constant(element.text()));
  }
  c10::TypePtr held = expected;
  if (held == nullptr && !all.empty() && !all[0]->type()->isSubtypeOf(*c10::TensorType::get())) held = all[0]->type();
  if (held == nullptr || held->kind() == c10::TypeKind::NumberType || held->kind() == c10::TypeKind::VarType)
    held = kind.empty() && !all.empty() ? all[0]->type() : c10::TensorType::get();
  for (const Value* element : all)
    if (!element->type()->isSubtypeOf(*held))
      throw Error(fmt::format("has a list of {} where one of {} is expected", element->type()->str(), held->str()));
  jit::Graph& graph = program().graph();
  return graph.insertNode(graph.createList(held, all))->output();
}

std::vector<jit::Value*> ExportedCall::aten(const std::string& operation, const Arguments& arguments) {
  const c10::FunctionSchema& schema = schema_of(operation);
  std::vector<jit::NamedValue> named;
  for (const auto& [name, value] : arguments) named.emplace_back(name, value);
  jit::Graph& graph = program().graph();
  const jit::MatchedSchema matched = jit::matchSchema(schema, jit::SourceRange(), graph, {}, named);
  jit::Node* node = graph.insertNode(
      graph.create(c10::Symbol::fromQualString("aten::" + name_and_overload(operation).first), matched.inputs, 0));
  for (const c10::TypePtr& type : matched.return_types) node->addOutput()->setType(type);
  node->getOperation();
  return node->outputs().vec();
}

/// Whether an argument says that the operation is computed as in training. The file has it as it was exported.
bool ExportedCall::trains(const std::string& argument) const {
  static const std::set<std::string> operations = {"dropout",
                                                   "dropout_",
                                                   "alpha_dropout",
                                                   "alpha_dropout_",
                                                   "feature_dropout",
                                                   "feature_dropout_",
                                                   "feature_alpha_dropout",
                                                   "feature_alpha_dropout_",
                                                   "lstm",
                                                   "gru",
                                                   "rnn_tanh",
                                                   "rnn_relu",
                                                   "rrelu",
                                                   "rrelu_"};
  constexpr std::string_view kNamespace = "aten.";
  return (argument == "train" || argument == "training") && target_.starts_with(kNamespace) &&
         operations.contains(name_and_overload(target_.substr(kNamespace.size())).first);
}

std::vector<jit::Value*> ExportedCall::as_it_stands() {
  constexpr std::string_view kNamespace = "aten.";
  if (!target_.starts_with(kNamespace)) throw Error("is an operation that is not read");
  const std::string operation = target_.substr(kNamespace.size());
  const std::string name = name_and_overload(operation).first;
  const c10::FunctionSchema* schema = &schema_of(operation);
  // Where a number stands for a tensor, as in x + 1, TorchScript has an overload of its own.
  const auto takes = [&](const c10::FunctionSchema& other) {
    return std::all_of(arguments_.begin(), arguments_.end(), [&](const auto& argument) {
      const c10::Argument* found = argument_of(other, argument.first);
      const std::string kind = argument.second.tagged().first;
      const bool wants_tensor = found != nullptr && is_of_kind(found->type(), c10::TypeKind::TensorType);
      return found != nullptr && (kind != "as_tensor" || wants_tensor) && !(is_number(kind) && wants_tensor);
    });
  };
  const auto stands_for_tensor = [&](const auto& argument) {
    const c10::Argument* found = argument_of(*schema, argument.first);
    return found != nullptr && is_of_kind(found->type(), c10::TypeKind::TensorType) &&
           is_number(argument.second.tagged().first);
  };
  std::string taken = operation;
  if (std::any_of(arguments_.begin(), arguments_.end(), stands_for_tensor))
    for (const c10::FunctionSchema* other : schemas_of(name))
      if (takes(*other)) {
        schema = other;
        taken = name + "." + other->overload_name();
        break;
      }
  Arguments arguments;
  bool has_tensor = false;
  for (const auto& [argument, json] : arguments_) {
    const c10::Argument* expected = argument_of(*schema, argument);
    const std::string kind = json.tagged().first;
    if (expected == nullptr) {
      const bool changes_nothing = kind == "as_none" || (kind == "as_bool" && !json.tagged().second.flag());
      if (changes_nothing) continue;
      throw Error(fmt::format("has the argument '{}', which LibTorch {} does not have", argument, TORCH_VERSION));
    }
    if (argument == "pin_memory") continue;
    Value* value = trains(argument) ? program().training() : resolve(json, expected->type());
    if (stands_for_tensor(std::pair(argument, json))) value = program().call("prim::NumToTensor", {value});
    has_tensor |= value->type()->isSubtypeOf(*c10::TensorType::get()) || kind == "as_tensors";
    arguments.emplace_back(argument, value);
  }
  // A tensor that is made of nothing stands where the input does.
  if (!has_tensor && argument_of(*schema, "device") != nullptr) {
    std::erase_if(arguments, [](const auto& argument) { return argument.first == "device"; });
    arguments.emplace_back("device", values_.device());
  }
  return aten(taken, arguments);
}

}  // namespace limbeck
