#include "deploy/torchscript_onnx.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/linspace.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/freeze_module.h>
#include <torch/csrc/jit/passes/frozen_conv_folding.h>
#include <torch/csrc/jit/passes/inliner.h>

#include <map>
#include <optional>
#include <set>

#include "core/error.h"
#include "deploy/script_memory.h"
#include "deploy/torchscript_operations.h"
#include "programs/returned_outputs.h"

namespace limbeck {
namespace {

using torch::jit::Block;
using torch::jit::Node;
using torch::jit::Stack;
using torch::jit::Value;

template <class Element>
c10::IValue list_of(const Stack& values) {
  c10::List<Element> list;
  for (const c10::IValue& value : values) list.push_back(value.to<Element>());
  return list;
}

/// What a node that puts values together makes of them.
c10::IValue construct(const Node& node, const Stack& values) {
  const c10::TypePtr type = node.output()->type();
  if (node.kind() == c10::prim::TupleConstruct) return c10::ivalue::Tuple::create(values);
  if (node.kind() == c10::prim::DictConstruct) {
    const auto dict_type = type->expect<c10::DictType>();
    c10::impl::GenericDict dict(dict_type->getKeyType(), dict_type->getValueType());
    for (size_t i = 0; i + 1 < values.size(); i += 2) dict.insert_or_assign(values[i], values[i + 1]);
    return dict;
  }
  const c10::TypePtr element = type->expect<c10::ListType>()->getElementType();
  switch (element->kind()) {
    case c10::TypeKind::IntType:
      return list_of<int64_t>(values);
    case c10::TypeKind::FloatType:
      return list_of<double>(values);
    case c10::TypeKind::BoolType:
      return list_of<bool>(values);
    case c10::TypeKind::TensorType:
      return list_of<at::Tensor>(values);
    default:
      break;
  }
  c10::impl::GenericList list(element);
  for (const c10::IValue& value : values) list.push_back(value);
  return list;
}

/// Whether an operation changes its argument at this place.
bool changes_argument(const Node& node, size_t place) {
  const c10::FunctionSchema* schema = node.maybeSchema();
  if (schema == nullptr || place >= schema->arguments().size()) return false;
  const c10::AliasInfo* alias = schema->arguments()[place].alias_info();
  return alias != nullptr && alias->isWrite();
}

/// Whether a number or a truth is one about a tensor's shape or kind, not about what it holds.
bool is_of_the_shape(const std::string& operation) {
  static const std::set<std::string> all = {
      "aten::size",          "aten::dim",    "aten::len",      "aten::numel", "aten::is_floating_point",
      "aten::is_contiguous", "aten::__is__", "aten::__isnot__"};
  return operation.starts_with("prim::") || all.contains(operation);
}

/// Whether an operation gives a tensor that takes only shape and type from its argument.
bool takes_shape_alone(const std::string& operation) {
  static const std::set<std::string> all = {"aten::new_zeros", "aten::new_ones",   "aten::new_full",
                                            "aten::new_empty", "aten::zeros_like", "aten::ones_like",
                                            "aten::full_like", "aten::empty_like"};
  return all.contains(operation);
}

constexpr const char* kDependsOnCount = "has operations that depend on how many examples there are";

/// Of the operations on what depends on the input, in the order of the run: the shapes of their results.
using ScriptShapes = std::vector<Shape>;

/// Runs a program on an example batch, and writes down what depends on it. Extents that are others than those of
/// `other`, a run with another number of examples, are left open.
class ScriptTracer {
 public:
  ScriptTracer(OnnxBuilder& onnx, int64_t batch, const ScriptShapes* other)
      : onnx_(onnx), batch_(batch), other_(other), memory_(onnx, batch) {}

  ScriptValue run(const torch::jit::Graph& graph, const ScriptValue& self, const ScriptValue& input) {
    values_[graph.inputs().at(0)] = self;
    values_[graph.inputs().at(1)] = input;
    run(*graph.block());
    return value_of(graph.outputs().at(0));
  }

  const ScriptShapes& shapes() const { return shapes_; }

 private:
  void run(const Block& block) {
    for (const Node* node : block.nodes()) run(*node);
  }

  void run(const Node& node) {
    namespace prim = c10::prim;
    const auto kind = node.kind();
    if (kind == prim::Constant)
      set(node, 0, {torch::jit::toIValue(node.output()).value_or(c10::IValue())});  // none for a function
    else if (kind == prim::If)
      run_branch(node);
    else if (kind == prim::Loop)
      run_loop(node);
    else if (kind == prim::GetAttr)
      set(node, 0, {input(node, 0).value.toObject()->getAttr(node.s(c10::attr::name))});
    else if (kind == prim::ListConstruct || kind == prim::TupleConstruct || kind == prim::DictConstruct)
      run_construction(node);
    else if (kind == prim::ListUnpack || kind == prim::TupleUnpack)
      run_unpacking(node);
    else if (kind == c10::aten::warn)
      return;  // of no consequence
    else if (kind == prim::RaiseException)
      throw Error(fmt::format("raises an exception: {}", input(node, 0).value.toStringRef()));
    else
      run_operation(node);
  }

  void run_branch(const Node& node) {
    const Block& branch = *node.blocks().at(input(node, 0).value.toBool() ? 0 : 1);
    run(branch);
    for (size_t i = 0; i < node.outputs().size(); ++i) set(node, i, values_.at(branch.outputs().at(i)));
  }

  /// Inputs: how often at most, whether to begin, what is carried; the block gives whether to go on, and what is
  /// carried on.
  void run_loop(const Node& node) {
    const Block& body = *node.blocks().at(0);
    const int64_t most = input(node, 0).value.toInt();
    bool goes_on = input(node, 1).value.toBool();
    std::vector<ScriptValue> carried;
    for (size_t i = 2; i < node.inputs().size(); ++i) carried.push_back(input(node, i));
    for (int64_t round = 0; round < most && goes_on; ++round) {
      values_[body.inputs().at(0)] = {round};
      for (size_t i = 0; i < carried.size(); ++i) values_[body.inputs().at(i + 1)] = carried[i];
      run(body);
      goes_on = values_.at(body.outputs().at(0)).value.toBool();
      for (size_t i = 0; i < carried.size(); ++i) carried[i] = values_.at(body.outputs().at(i + 1));
    }
    for (size_t i = 0; i < carried.size(); ++i) set(node, i, carried[i]);
  }

  void run_construction(const Node& node) {
    ScriptValue made{construct(node, stack_of(node))};
    for (size_t i = 0; i < node.inputs().size(); ++i) made.elements.push_back(input(node, i));
    set(node, 0, made);
  }

  void run_unpacking(const Node& node) {
    const ScriptValue& packed = input(node, 0);
    const std::vector<c10::IValue> all =
        packed.value.isTuple() ? packed.value.toTupleRef().elements().vec() : packed.value.toListRef().vec();
    for (size_t i = 0; i < node.outputs().size(); ++i)
      set(node, i, i < packed.elements.size() ? packed.elements[i] : ScriptValue{all.at(i)});
  }

  void run_operation(const Node& node) {
    const std::string name = node.kind().toQualString();
    std::vector<ScriptValue> arguments;
    bool depends = false;
    for (size_t i = 0; i < node.inputs().size(); ++i) {
      arguments.push_back(input(node, i));
      depends |= arguments.back().depends();
    }
    const bool takes_element = name == "aten::__getitem__" || name == "prim::TupleIndex";
    if (!takes_element) refuse_unavailable(arguments);
    if (takes_shape_alone(name)) depends = false;
    const Stack arguments_before = stack_of(node);
    const std::optional<at::Tensor> changed = depends ? before_change(node, name, arguments) : std::nullopt;
    Stack stack = arguments_before;
    const c10::FunctionSchema* schema = node.maybeSchema();
    if (schema != nullptr && schema->is_vararg()) stack.push_back(static_cast<int64_t>(arguments_before.size()));
    try {
      node.getOperation()(stack);
    } catch (const c10::Error& error) {
      throw Error(fmt::format("fails at the operation '{}': {}", name, error.what_without_backtrace()));
    }
    if (name == "aten::append") return append(node, arguments);
    for (size_t i = 0; i < arguments_before.size(); ++i)
      if (arguments_before[i].isList() && changes_argument(node, i)) memory_.change(ScriptValue{arguments_before[i]});
    if (depends && takes_element) return set(node, 0, element_of(arguments[0], arguments[1].value, stack.back()));
    const size_t first = stack.size() - node.outputs().size();
    for (size_t i = 0; i < node.outputs().size(); ++i) {
      ScriptValue result{stack.at(first + i)};
      const bool of_tensors = result.value.isTensor() || result.value.isTensorList();
      if (depends && of_tensors && i == 0)
        result = written(name, arguments, result.value);
      else if (depends && of_tensors)
        result.refusal = fmt::format("uses a second result of '{}', which has no form in ONNX here", name);
      else if (depends && (name == "prim::tolist" ||
                           (result.value.isScalar() && arguments[0].value.isTensor() && !is_of_the_shape(name))))
        throw Error(fmt::format("makes a number of values that depend on the input, by '{}'", name));
      if (changed && i == 0) memory_.change(*changed, result.onnx);
      memory_.stamp(result);
      set(node, i, result);
    }
  }

  static void refuse_unavailable(const std::vector<ScriptValue>& arguments) {
    for (const ScriptValue& argument : arguments)
      if (const std::string reason = argument.why_not(); !reason.empty()) throw Error(reason);
  }

  /// The tensor that an operation will change in its place; a constant among the arguments stays as it was before.
  static std::optional<at::Tensor> before_change(const Node& node, const std::string& name,
                                                 std::vector<ScriptValue>& arguments) {
    std::optional<at::Tensor> changed;
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (!changes_argument(node, i) || name == "aten::append") continue;
      if (!arguments[i].value.isTensor() || changed || node.outputs().empty())
        throw Error(fmt::format(
            "changes what depends on the input in its place, by '{}', which has no form in ONNX here", name));
      changed = arguments[i].value.toTensor();
      if (arguments[i].onnx.empty()) arguments[i].value = changed->clone();
    }
    return changed;
  }

  /// The list itself has grown already.
  void append(const Node& node, const std::vector<ScriptValue>& arguments) {
    ScriptValue list = arguments[0];
    const auto all = list.value.toListRef();
    for (size_t i = list.elements.size(); i + 1 < all.size(); ++i) list.elements.push_back({all[i]});
    list.elements.push_back(arguments[1]);
    memory_.change(list);
    if (!node.outputs().empty()) set(node, 0, list);
  }

  /// Of a list by its place, of a dict by its key.
  static ScriptValue element_of(const ScriptValue& held, const c10::IValue& key, const c10::IValue& value) {
    const std::vector<ScriptValue>& elements = held.elements;
    if (held.value.isGenericDict()) {
      for (size_t i = 0; i + 1 < elements.size(); i += 2)
        if (elements[i].value == key) return elements[i + 1];
      return {value};
    }
    const auto count = static_cast<int64_t>(elements.size());
    const int64_t place = key.toInt(), at = place < 0 ? place + count : place;
    return at >= 0 && at < count ? elements[static_cast<size_t>(at)] : ScriptValue{value};
  }

  ScriptValue written(const std::string& name, const std::vector<ScriptValue>& arguments, const c10::IValue& result) {
    const ScriptOperation* operation = script_operation(name);
    if (operation == nullptr) throw Error(fmt::format("uses the operation '{}', which has no form in ONNX here", name));
    if (result.isTensor() && result.toTensor().scalar_type() != at::kFloat &&
        result.toTensor().scalar_type() != at::kDouble)
      throw Error(fmt::format("makes values of {} of the input, by '{}'; expected float32 or float64",
                              c10::toString(result.toTensor().scalar_type()), name));
    const Shape shape = result.isTensor() ? open_shape(result.toTensor().sizes().vec()) : Shape();
    ScriptValue value = (*operation)(ScriptCall(onnx_, name, arguments, result, shape, batch_));
    value.value = result;
    return value;
  }

  /// The shape of the next result, which is noted, with the extents left open that are others in the other run.
  Shape open_shape(Shape shape) {
    const size_t at = shapes_.size();
    shapes_.push_back(shape);
    if (other_ == nullptr) return shape;
    if (at >= other_->size() || (*other_)[at].size() != shape.size()) throw Error(kDependsOnCount);
    for (size_t i = 0; i < shape.size(); ++i)
      if (shape[i] != (*other_)[at][i]) shape[i] = kOpen;
    return shape;
  }

  /// As it is now.
  const ScriptValue& value_of(const Value* value) {
    ScriptValue& held = values_.at(value);
    memory_.update(held);
    return held;
  }
  const ScriptValue& input(const Node& node, size_t place) { return value_of(node.inputs().at(place)); }
  void set(const Node& node, size_t place, ScriptValue value) { values_[node.outputs().at(place)] = std::move(value); }
  Stack stack_of(const Node& node) {
    Stack stack;
    for (size_t i = 0; i < node.inputs().size(); ++i) stack.push_back(input(node, i).value);
    return stack;
  }

  OnnxBuilder& onnx_;
  int64_t batch_;
  const ScriptShapes* other_;
  ScriptShapes shapes_;
  ScriptMemory memory_;
  std::map<const Value*, ScriptValue> values_;
};

/// The logits of what a program returned, as the network takes them (programs/returned_outputs.h).
std::string logits_of(const ScriptValue& returned, const std::string& output) {
  if (!returned.onnx.empty() && returned.value.isTensor()) return returned.onnx;
  const at::Tensor logits = returned_by(returned.value, output).logits;
  for (const ScriptValue& element : returned.elements)
    if (!element.onnx.empty() && element.value.isTensor() && element.value.toTensor().is_same(logits))
      return element.onnx;
  throw Error("returns no tensor that depends on the input");
}

/// The type of the first floating constant of a block that is no number.
std::optional<at::ScalarType> type_of_constants(const Block& block) {
  for (const Node* node : block.nodes()) {
    for (const Block* inner : node->blocks())
      if (const auto type = type_of_constants(*inner)) return type;
    if (node->kind() != c10::prim::Constant || !node->hasAttribute(c10::attr::value) ||
        node->kindOf(c10::attr::value) != torch::jit::AttributeKind::t)
      continue;
    const at::Tensor constant = node->t(c10::attr::value);
    if (constant.is_floating_point() && constant.dim() > 0) return constant.scalar_type();
  }
  return std::nullopt;
}

/// The type in which the network works. The ONNX file computes in float32 all the same.
at::ScalarType type_of(const ProgramNetwork& network, const Block& frozen) {
  for (const auto* tensors : {&network.parameters(), &network.buffers()})
    for (const Parameter& parameter : *tensors)
      if (parameter.value.is_floating_point()) return parameter.value.scalar_type();
  return type_of_constants(frozen).value_or(at::kFloat);
}

}  // namespace

std::string add_torchscript(OnnxBuilder& onnx, const ProgramNetwork& network, const Shape& input,
                            const std::string& value) {
  constexpr int64_t kBatch = 3, kOtherBatch = 4;
  const at::NoGradGuard no_gradient;
  try {
    torch::jit::Module module = network.module().clone();
    module.eval();
    module = torch::jit::freeze_module(module);
    std::shared_ptr<torch::jit::Graph> graph = module.get_method("forward").graph();
    torch::jit::Inline(*graph);
    torch::jit::FoldFrozenConvBatchnorm(graph);
    const at::ScalarType type = type_of(network, *graph->block());
    std::string logits;
    const auto run = [&](OnnxBuilder& to, int64_t batch, const ScriptShapes* other) {
      Shape shape = input;
      shape.insert(shape.begin(), batch);
      const at::Tensor example = at::linspace(0, 1, element_count(shape), type).reshape(shape);
      ScriptTracer tracer(to, batch, other);
      // a program may change its own tensors: each run begins with those of the file
      logits = logits_of(tracer.run(*graph, {module.deepcopy()._ivalue()}, {example, value}), network.options().output);
      return tracer.shapes();
    };
    const ScriptShapes shapes = run(*std::make_unique<OnnxBuilder>(onnx), kBatch, nullptr);
    OnnxBuilder other(onnx);
    const ScriptShapes other_shapes = run(other, kOtherBatch, &shapes);
    run(onnx, kBatch, &other_shapes);
    if (const std::string difference = onnx.first_difference(other); !difference.empty())
      throw Error(
          fmt::format("{}: '{}' is another one for {} than for {}", kDependsOnCount, difference, kOtherBatch, kBatch));
    return logits;
  } catch (const Error& error) {
    throw Error(ErrorKind::usage,
                fmt::format("'{}' cannot be written as ONNX: the program {}", network.file().string(), error.what()));
  } catch (const std::exception& error) {
    const auto* own = dynamic_cast<const c10::Error*>(&error);
    throw Error(ErrorKind::usage, fmt::format("'{}' cannot be written as ONNX: {}", network.file().string(),
                                              own != nullptr ? own->what_without_backtrace() : error.what()));
  }
}

}  // namespace limbeck
