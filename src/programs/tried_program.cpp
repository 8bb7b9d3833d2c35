#include "programs/tried_program.h"

#include <ATen/core/grad_mode.h>
#include <c10/core/Allocator.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/runtime/interpreter.h>
#include <torch/script.h>
#include <torch/version.h>

#include <algorithm>

#include "core/error.h"
#include "programs/torch_reason.h"

namespace limbeck {

namespace jit = torch::jit;

namespace {

/// While it lives, LibTorch may not allocate more than this at once, on this thread: what a file asks for may be
/// absurd.
class AllocationLimit {
 public:
  explicit AllocationLimit(size_t most)
      : guard_(c10::DebugInfoKind::PROFILER_STATE, std::make_shared<Reporter>(most)) {}

 private:
  struct Reporter : c10::MemoryReportingInfoBase {
    explicit Reporter(size_t most) : most(most) {}
#if TORCH_VERSION_MAJOR >= 2
    using Total = size_t;
#else
    using Total = int64_t;
#endif
    void reportMemoryUsage(void*, int64_t size, Total, Total, c10::Device) override {
      if (size > 0 && static_cast<size_t>(size) > most)
        throw Error(fmt::format("it needs a tensor of {} bytes; expected at most {}", size, most));
    }
    bool memoryProfilingEnabled() const override {
      return true;
    }
    size_t most;
  };
  c10::DebugInfoGuard guard_;
};

bool holds_tensors(const c10::IValue& value) {
  return value.isTensor() || value.isTensorList() || value.isTuple();
}

}  // namespace

TriedProgram::TriedProgram(std::string file, size_t tries, size_t limit)
    : builder_(file), file_(std::move(file)), tries_(tries), limit_(limit) {}

TriedProgram::~TriedProgram() = default;

jit::Module TriedProgram::finish(const ProgramBuilder::NamedValues& outputs) {
  return builder_.finish(outputs);
}

jit::Node* TriedProgram::end() const {
  return const_cast<ProgramBuilder&>(builder_).graph().return_node();
}

jit::Value* TriedProgram::input(const std::string& name, const std::vector<at::Tensor>& examples) {
  Value* value = builder_.input(name);
  tried_[value] = {.values = {examples.begin(), examples.end()}, .is_constant = false, .is_kept = true};
  if (first_input_ == nullptr) first_input_ = value;
  return value;
}

jit::Value* TriedProgram::parameter(const std::string& name, const at::Tensor& tensor) {
  Value* value = builder_.parameter(name, tensor);
  tried_[value] = {.values = {tensor}, .is_constant = false, .is_kept = true};
  return value;
}

jit::Value* TriedProgram::buffer(const std::string& name, const at::Tensor& tensor) {
  Value* value = builder_.buffer(name, tensor);
  tried_[value] = {.values = {tensor}, .is_constant = false, .is_kept = true};
  return value;
}

jit::Value* TriedProgram::constant(const c10::IValue& constant) {
  Value* value = builder_.constant(constant);
  tried_[value] = {.values = {constant}, .is_constant = true, .is_kept = true};
  return value;
}

jit::Value* TriedProgram::training() {
  Value* value = builder_.training();
  tried_[value] = {.values = {false}, .is_constant = false, .is_kept = true};
  return value;
}

template <class Insert>
jit::Value* TriedProgram::inserted(const Insert& insert) {
  jit::Node* before = end()->prev();
  Value* result = insert();
  jit::Node* first = before->next();
  if (first == end()) return result;
  try_nodes_from(first);
  return tried_.at(result).is_constant ? folded(first, result) : result;
}

/// Puts a constant in the place of the nodes that computed it.
jit::Value* TriedProgram::folded(jit::Node* first, Value* result) {
  c10::IValue value = tried(result);
  if (value.isTensorList() || value.isTuple()) return result;  // its elements become constants
  if (value.isTensor()) value = value.toTensor().contiguous();
  for (jit::Node* node = end()->prev(); node != first->prev();) {
    jit::Node* before = node->prev();
    if (std::any_of(node->outputs().begin(), node->outputs().end(), [](Value* v) { return v->hasUses(); })) break;
    for (Value* output : node->outputs()) tried_.erase(output);
    const bool is_first = node == first;
    node->destroy();
    if (is_first) break;
    node = before;
  }
  return constant(value);
}

jit::Value* TriedProgram::call(const char* operation, const Arguments& arguments, const Arguments& named) {
  return inserted([&] { return builder_.call(operation, arguments, named); });
}

jit::Value* TriedProgram::call_source(const std::string& source, const Arguments& arguments) {
  return inserted([&] { return builder_.call_source(source, arguments); });
}

std::vector<jit::Value*> TriedProgram::unpack(Value* value, size_t count) {
  jit::Node* before = end()->prev();
  std::vector<Value*> values = builder_.unpack(value, count);
  try_nodes_from(before->next());
  for (Value*& part : values)
    if (is_constant(part)) part = constant(tried(part));
  return values;
}

jit::Value* TriedProgram::list(const std::vector<Value*>& values) {
  return inserted([&] { return builder_.list(values); });
}

jit::Value* TriedProgram::int_list(const std::vector<Value*>& numbers) {
  if (numbers.empty()) return constant(std::vector<int64_t>());
  return list(numbers);
}

/// Runs the nodes for one of the examples.
std::vector<c10::IValue> TriedProgram::run(jit::Node* first, size_t example, std::vector<Value*>& results) const {
  const auto part = std::make_shared<jit::Graph>();
  std::unordered_map<Value*, Value*> copies;
  jit::Stack stack;
  const auto copy_of = [&](Value* value) {
    const auto known = copies.find(value);
    if (known != copies.end()) return known->second;
    stack.push_back(tried(value, example));
    return copies[value] = part->addInput()->setType(value->type());
  };
  results.clear();
  for (jit::Node* node = first; node != end(); node = node->next()) {
    jit::Node* copy = part->appendNode(part->createClone(node, copy_of));
    for (size_t i = 0; i < node->outputs().size(); ++i) {
      copies[node->outputs()[i]] = copy->outputs()[i];
      part->registerOutput(copy->outputs()[i]);
      results.push_back(node->outputs()[i]);
    }
  }
  try {
    const at::NoGradGuard no_gradient;
    const AllocationLimit limit(limit_);
    jit::InterpreterState(jit::Code(part, "trial")).run(stack);
  } catch (const std::exception& error) {
    throw Error(torch_reason(error));
  }
  return stack;
}

void TriedProgram::try_nodes_from(jit::Node* first) {
  bool is_constant = true;
  const std::function<void(const jit::Node*)> look = [&](const jit::Node* node) {
    for (const Value* input : node->inputs())
      if (const auto known = tried_.find(input); known != tried_.end()) is_constant &= known->second.is_constant;
    for (const jit::Block* block : node->blocks())
      for (const jit::Node* inner : block->nodes()) look(inner);
  };
  for (const jit::Node* node = first; node != end(); node = node->next()) look(node);
  std::vector<Value*> results;
  for (size_t example = 0; example < (is_constant ? 1 : tries_); ++example) {
    std::vector<c10::IValue> values = run(first, example, results);
    for (size_t i = 0; i < results.size(); ++i) {
      Tried& kept = tried_[results[i]];
      kept.is_constant = is_constant || results[i]->node()->kind() == jit::prim::Constant;
      kept.is_kept = kept.is_constant;
      kept.values.push_back(std::move(values[i]));
    }
  }
}

const c10::IValue& TriedProgram::tried(const Value* value, size_t example) const {
  const Tried& known = tried_.at(value);
  return known.values.at(known.values.size() == 1 ? 0 : example);
}

bool TriedProgram::is_constant(const Value* value) const {
  return tried_.at(value).is_constant;
}

bool TriedProgram::follows_batch(const Value* value, int64_t axis) const {
  if (tries_ < 2 || first_input_ == nullptr) return false;
  for (size_t example = 0; example < tries_; ++example)
    if (axis >= tensor(value, example).dim() ||
        tensor(value, example).size(axis) != tensor(first_input_, example).size(0))
      return false;
  return true;
}

jit::Value* TriedProgram::size(Value* value, int64_t axis) {
  const int64_t extent = tensor(value).size(axis);
  bool is_same = true;
  for (size_t example = 1; example < tries_; ++example) is_same &= tensor(value, example).size(axis) == extent;
  const bool is_fixed = is_constant(value) || (is_same && !extents_follow_content_);
  return is_fixed ? constant(extent) : call("aten::size", {value, axis});
}

jit::Value* TriedProgram::device() {
  if (device_ == nullptr) device_ = call("prim::device", {first_input_});
  return device_;
}

void TriedProgram::forget_all_but(const std::set<const Value*>& kept) {
  for (auto known = tried_.begin(); known != tried_.end();) {
    const bool goes = !known->second.is_kept && !kept.contains(known->first) &&
                      std::any_of(known->second.values.begin(), known->second.values.end(), holds_tensors);
    known = goes ? tried_.erase(known) : std::next(known);
  }
}

}  // namespace limbeck
