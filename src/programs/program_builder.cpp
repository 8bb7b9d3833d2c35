#include "programs/program_builder.h"

#include <torch/csrc/jit/frontend/ir_emitter.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/script.h>

#include <algorithm>
#include <cctype>

#include "core/error.h"

namespace limbeck {

namespace jit = torch::jit;

ProgramBuilder::ProgramBuilder(std::string file)
    : file_(std::move(file)),
      module_(std::make_unique<jit::Module>("Program")),
      graph_(std::make_shared<jit::Graph>()) {
  module_->register_attribute("training", c10::BoolType::get(), true);
  self_ = graph_->addInput("self")->setType(module_->type());
}

ProgramBuilder::~ProgramBuilder() = default;

jit::Value* ProgramBuilder::attribute(const std::string& name, const at::Tensor& tensor, bool is_parameter) {
  jit::Module owner = *module_;
  Value* value = self_;
  std::string rest = name;
  for (size_t dot = rest.find('.'); dot != std::string::npos && dot > 0; dot = rest.find('.')) {
    const std::string part = rest.substr(0, dot);
    rest = rest.substr(dot + 1);
    if (!owner.hasattr(part)) {
      jit::Module inner("Part", owner._ivalue()->compilation_unit(), /*shouldMangle=*/true);
      inner.register_attribute("training", c10::BoolType::get(), true);
      owner.register_module(part, inner);
    }
    if (!owner.attr(part).isModule()) throw Error(fmt::format("'{}' has both a tensor and a module '{}'", file_, part));
    value = graph_->insertGetAttr(value, part);
    owner = owner.attr(part).toModule();
  }
  if (owner.hasattr(rest)) throw Error(fmt::format("'{}' has two tensors of the name '{}'", file_, name));
  owner.register_parameter(rest, tensor.detach().set_requires_grad(is_parameter), /*is_buffer=*/!is_parameter);
  return graph_->insertGetAttr(value, rest);
}

jit::Value* ProgramBuilder::input(const std::string& name) {
  // jit::Value's own check is in no library's symbols.
  const auto is_plain = [](unsigned char letter) { return std::isalnum(letter) != 0 || letter == '_'; };
  const bool is_name =
      std::all_of(name.begin(), name.end(), is_plain) &&
      !std::all_of(name.begin(), name.end(), [](unsigned char letter) { return std::isdigit(letter) != 0; });
  return graph_->addInput(is_name ? name : "");
}

jit::Value* ProgramBuilder::parameter(const std::string& name, const at::Tensor& tensor) {
  return attribute(name, tensor, true);
}

jit::Value* ProgramBuilder::buffer(const std::string& name, const at::Tensor& tensor) {
  return attribute(name, tensor, false);
}

jit::Value* ProgramBuilder::constant(const c10::IValue& value) {
  return graph_->insertConstant(value);
}

jit::Value* ProgramBuilder::training() {
  if (training_ == nullptr) {
    training_ = graph_->insertGetAttr(self_, "training");
    jit::Node* first = *graph_->nodes().begin();
    if (first != training_->node()) training_->node()->moveBefore(first);
  }
  return training_;
}

jit::Value* ProgramBuilder::call(const char* operation, const std::vector<jit::NamedValue>& arguments,
                                 const std::vector<jit::NamedValue>& named) {
  try {
    return graph_->insert(c10::Symbol::fromQualString(operation), arguments, named);
  } catch (const std::exception& error) {
    throw Error(fmt::format("'{}': LibTorch has no {} for these arguments: {}", file_, operation, error.what()));
  }
}

jit::Value* ProgramBuilder::call_source(const std::string& source, const std::vector<jit::NamedValue>& arguments) {
  const jit::CompilationUnit unit(source);
  jit::Function* function = unit.get_functions().front();
  std::vector<Value*> values;
  values.reserve(arguments.size());
  for (const jit::NamedValue& argument : arguments) values.push_back(argument.value(*graph_));
  return jit::insertGraph(*graph_, *jit::toGraphFunction(*function).graph(), values).at(0);
}

std::vector<jit::Value*> ProgramBuilder::unpack(Value* value, size_t count) {
  jit::Node* node = value->type()->kind() == c10::TypeKind::TupleType ? graph_->createTupleUnpack(value)
                                                                      : graph_->createListUnpack(value, count);
  graph_->insertNode(node);
  return node->outputs().vec();
}

jit::Value* ProgramBuilder::list(const std::vector<Value*>& values) {
  const c10::TypePtr type = values.empty() ? c10::TensorType::get() : values.front()->type();
  const bool are_tensors = type->isSubtypeOf(*c10::TensorType::get());
  return graph_->insertNode(graph_->createList(are_tensors ? c10::TypePtr(c10::TensorType::get()) : type, values))
      ->output();
}

jit::Value* ProgramBuilder::dict(const NamedValues& values) {
  std::vector<Value*> keys, tensors;
  for (const auto& [name, value] : values) {
    keys.push_back(constant(name));
    tensors.push_back(value);
  }
  return graph_->insertNode(graph_->createDict(c10::StringType::get(), c10::TensorType::get(), keys, tensors))
      ->output();
}

void ProgramBuilder::feature(const std::string& name, Value* value) {
  const bool is_known = std::any_of(features_.begin(), features_.end(), [&](const auto& f) { return f.first == name; });
  if (!is_known) features_.emplace_back(name, value);
}

jit::Module ProgramBuilder::finish(const NamedValues& outputs) {
  const auto add = [&](const char* name, std::shared_ptr<jit::Graph> graph) {
    jit::EliminateDeadCode(graph);
    module_->type()->addMethod(module_->_ivalue()->compilation_unit()->create_function(
        c10::QualifiedName(*module_->type()->name(), name), std::move(graph)));
  };
  Value* returned = outputs.size() == 1 ? outputs.front().second : dict(outputs);
  if (!features_.empty()) {
    jit::Node* both = graph_->insertNode(graph_->createTuple({returned, dict(features_)}));
    graph_->registerOutput(both->output());
    add(kWithFeatures, graph_->copy());
    graph_->eraseOutput(0);
  }
  graph_->registerOutput(returned);
  add("forward", graph_);
  return *module_;
}

}  // namespace limbeck
