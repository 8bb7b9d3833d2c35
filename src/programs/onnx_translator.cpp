#include "programs/onnx_translator.h"

#include <ATen/ops/scalar_tensor.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cctype>
#include <cstring>

#include "core/error.h"
#include "programs/onnx_operations.h"
#include "programs/torch_reason.h"

namespace limbeck {
namespace {

constexpr int64_t kMostNodes = 100'000, kDeepest = 32, kMostRounds = 10'000;
constexpr int64_t kOldestOpset = 1, kNewestOpset = 22;

using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

/// An error that names its node already.
struct NodeError : Error {
  using Error::Error;
};

bool is_own_domain(const std::string& domain) {
  return domain.empty() || domain == "ai.onnx";
}

std::string full_name(const onnx::NodeProto& node) {
  return is_own_domain(node.domain()) ? node.op_type() : node.domain() + "." + node.op_type();
}

/// The names that a node uses, those in graphs inside of it too.
void add_used(const onnx::NodeProto& node, std::set<std::string>& used) {
  for (const std::string& input : node.input()) used.insert(input);
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    if (!attribute.has_g()) continue;
    for (const onnx::NodeProto& inner : attribute.g().node()) add_used(inner, used);
    for (const onnx::ValueInfoProto& output : attribute.g().output()) used.insert(output.name());
  }
}

/// Names that mean something else in the source of a program, as which TorchScript keeps it.
bool is_reserved(const std::string& name) {
  static const std::set<std::string> all = {"training", "forward",  ProgramBuilder::kWithFeatures,
                                            "self",     "and",      "as",
                                            "assert",   "async",    "await",
                                            "break",    "class",    "continue",
                                            "def",      "del",      "elif",
                                            "else",     "except",   "False",
                                            "finally",  "for",      "from",
                                            "global",   "if",       "import",
                                            "in",       "is",       "lambda",
                                            "None",     "nonlocal", "not",
                                            "or",       "pass",     "raise",
                                            "return",   "True",     "try",
                                            "while",    "with",     "yield"};
  return all.contains(name);
}

std::string described(const onnx::NodeProto& node, int64_t opset) {
  const std::string name = !node.name().empty() ? node.name() : node.output_size() > 0 ? node.output(0) : std::string();
  return fmt::format("node '{}' ({} of opset {})", name, full_name(node), opset);
}

}  // namespace

/// The values that a graph or a function has names for.
struct OnnxTranslator::Scope {
  Scope* outer = nullptr;   ///< of a graph inside of a node
  Scope* caller = nullptr;  ///< for whom it is translated
  std::map<std::string, std::shared_ptr<OnnxValue>> values;
  std::set<std::string> defined;  ///< all that ever were

  std::shared_ptr<OnnxValue> find(const std::string& name) const {
    const auto found = values.find(name);
    if (found != values.end()) return found->second;
    return outer == nullptr ? nullptr : outer->find(name);
  }
};

/// Nodes, with what belongs to them.
struct OnnxTranslator::Body {
  const Nodes& nodes;
  std::set<std::string> outputs;
  const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>& opsets;
  const Attributes& attributes;  ///< of the function's call
};

OnnxTranslator::OnnxTranslator(const onnx::ModelProto& model, const fs::path& file, const OnnxReading& reading,
                               TriedProgram& program)
    : model_(model),
      file_(file.string()),
      reading_(reading),
      program_(program),
      tensors_(file),
      main_(std::make_unique<Scope>()) {
  for (const onnx::FunctionProto& function : model.functions())
    functions_[{function.domain(), function.name()}] = &function;
}

OnnxTranslator::~OnnxTranslator() = default;

void OnnxTranslator::set_input(const std::string& name, OnnxValue value) {
  main_->values[name] = std::make_shared<OnnxValue>(std::move(value));
  main_->defined.insert(name);
}

/// A name that TorchScript's files can hold, of which nothing else is a part. Parts of it between dots are modules.
std::string OnnxTranslator::kept_name(const std::string& name) {
  std::string kept;
  for (const char letter : name) {
    const bool is_plain =
        std::isalnum(static_cast<unsigned char>(letter)) != 0 || std::strchr("_./:-", letter) != nullptr;
    const bool is_empty_part = letter == '.' && (kept.empty() || kept.back() == '.');
    kept += is_plain && !is_empty_part ? letter : '_';
  }
  if (kept.empty() || kept.back() == '.') kept += '_';
  const auto clashes = [&](const std::string& wanted) {
    for (size_t begin = 0; begin <= wanted.size();) {
      const size_t end = std::min(wanted.find('.', begin), wanted.size());
      if (is_reserved(wanted.substr(begin, end - begin))) return true;
      begin = end + 1;
    }
    if (kept_names_.lower_bound(wanted + ".") != kept_names_.lower_bound(wanted + "/")) return true;  // '/' follows '.'
    for (size_t dot = wanted.find('.'); dot != std::string::npos; dot = wanted.find('.', dot + 1))
      if (kept_names_.contains(wanted.substr(0, dot))) return true;
    return kept_names_.contains(wanted);
  };
  if (clashes(kept)) std::replace(kept.begin(), kept.end(), '.', '_');
  while (clashes(kept)) kept += '_';
  kept_names_.insert(kept);
  return kept;
}

void OnnxTranslator::add_initializers(const onnx::GraphProto& graph, Scope& scope,
                                      const std::set<std::string>& trained) {
  if (graph.sparse_initializer_size() > 0) throw Error(fmt::format("'{}' has sparse initializers", file_));
  for (const onnx::TensorProto& initializer : graph.initializer()) {
    if (scope.values.contains(initializer.name())) continue;  // the caller gave another value
    OnnxValue value;
    try {
      value.constant = tensors_.read(initializer);
    } catch (const Error& error) {
      throw Error(fmt::format("'{}': {}", file_, error.what()));
    }
    if (value.constant.is_floating_point() && value.constant.dim() > 0) {
      const bool is_half = c10::elementSize(value.constant.scalar_type()) == 2;
      if (is_half && reading_.is_network) value.constant = value.constant.to(at::kFloat);
      value.name = kept_name(initializer.name());
      value.is_trained = trained.contains(initializer.name());
      if (&scope == main_.get()) initializers_[initializer.name()] = value.name;
    }
    scope.values[initializer.name()] = std::make_shared<OnnxValue>(std::move(value));
    scope.defined.insert(initializer.name());
  }
}

const onnx::FunctionProto* OnnxTranslator::function_of(const onnx::NodeProto& node) const {
  const auto found = functions_.find({node.domain(), node.op_type()});
  return found == functions_.end() ? nullptr : found->second;
}

const OnnxOperationEntry* OnnxTranslator::entry_of(const onnx::NodeProto& node) const {
  return onnx_operation(full_name(node));
}

/// The values that are weights: operations that are trained use them, or others that only pass them on.
std::set<std::string> OnnxTranslator::trained_names(const Body& body) const {
  std::set<std::string> trained;
  for (int i = body.nodes.size() - 1; i >= 0; --i) {
    const onnx::NodeProto& node = body.nodes.Get(i);
    if (const onnx::FunctionProto* function = function_of(node)) {
      const auto [known, is_new] = trained_in_functions_.try_emplace(function);  // of one that calls itself: nothing
      if (is_new) known->second = trained_names({function->node(), {}, body.opsets, body.attributes});
      const std::set<std::string>& inner = known->second;
      for (int place = 0; place < std::min(node.input_size(), function->input_size()); ++place)
        if (inner.contains(function->input(place))) trained.insert(node.input(place));
      continue;
    }
    for (const onnx::AttributeProto& attribute : node.attribute())
      if (attribute.has_g()) trained.merge(trained_names({attribute.g().node(), {}, body.opsets, body.attributes}));
    const OnnxOperationEntry* entry = entry_of(node);
    if (entry == nullptr) continue;
    const bool is_passed_on = entry->weights == OnnxOperationEntry::Weights::passed_on &&
                              std::any_of(node.output().begin(), node.output().end(),
                                          [&](const auto& name) { return trained.contains(name); });
    if (entry->weights == OnnxOperationEntry::Weights::trained || is_passed_on)
      trained.insert(node.input().begin(), node.input().end());
  }
  return trained;
}

int64_t OnnxTranslator::opset_of(const std::string& domain, const Body& body) const {
  const auto find = [&](const auto& opsets) -> std::optional<int64_t> {
    for (const onnx::OperatorSetIdProto& opset : opsets)
      if (opset.domain() == domain || (is_own_domain(domain) && is_own_domain(opset.domain()))) return opset.version();
    return std::nullopt;
  };
  if (const auto own = find(body.opsets)) return *own;
  return find(model_.opset_import()).value_or(1);
}

ProgramBuilder::NamedValues OnnxTranslator::run() {
  const onnx::GraphProto& graph = model_.graph();
  const Attributes none;
  Body body{graph.node(), {}, model_.opset_import(), none};
  for (const onnx::ValueInfoProto& output : graph.output()) body.outputs.insert(output.name());
  const int64_t opset = opset_of("", body);
  if (opset < kOldestOpset || opset > kNewestOpset)
    throw Error(fmt::format("'{}' is of ONNX's opset {}; expected {} to {}", file_, opset, kOldestOpset, kNewestOpset));
  add_initializers(graph, *main_, trained_names(body));
  run(body, *main_);
  ProgramBuilder::NamedValues outputs;
  for (const onnx::ValueInfoProto& output : graph.output()) {
    const std::shared_ptr<OnnxValue> value = main_->find(output.name());
    if (value == nullptr) throw Error(fmt::format("'{}' has an output '{}' that no node gives", file_, output.name()));
    const onnx::NodeProto nothing;
    OnnxCall call(program_, tensors_, reading_, nothing, opset, {value.get()}, {}, none);
    outputs.emplace_back(output.name(), call.tensor(0));
  }
  if (outputs.empty()) throw Error(fmt::format("'{}' has no output", file_));
  return outputs;
}

void OnnxTranslator::run(const Body& body, Scope& scope) {
  // What is used from each node on.
  std::map<std::string, int> last_use;
  for (int i = 0; i < body.nodes.size(); ++i) {
    std::set<std::string> used;
    add_used(body.nodes.Get(i), used);
    for (const std::string& name : used) last_use[name] = i;
  }
  std::set<std::string> used = body.outputs;
  for (const auto& [name, last] : last_use) used.insert(name);
  std::vector<std::vector<std::string>> ends(static_cast<size_t>(body.nodes.size()));
  for (const auto& [name, last] : last_use)
    if (!body.outputs.contains(name)) ends[static_cast<size_t>(last)].push_back(name);
  for (int i = 0; i < body.nodes.size(); ++i) {
    const onnx::NodeProto& node = body.nodes.Get(i);
    if (++translated_ > kMostNodes) throw Error(fmt::format("'{}' has more than {} nodes", file_, kMostNodes));
    try {
      run(node, body, scope, used);
    } catch (const NodeError&) {
      throw;
    } catch (const std::exception& error) {
      throw NodeError(
          fmt::format("'{}': {}: {}", file_, described(node, opset_of(node.domain(), body)), torch_reason(error)));
    }
    for (const std::string& name : ends[static_cast<size_t>(i)]) scope.values.erase(name);
    forget(scope);
  }
}

/// Lets go of the examples' tensors that no name stands for.
void OnnxTranslator::forget(const Scope& scope) {
  std::set<const TriedProgram::Value*> kept;
  for (const Scope* each = &scope; each != nullptr; each = each->caller)
    for (const auto& [name, value] : each->values) kept.insert(value->value);
  program_.forget_all_but(kept);
}

void OnnxTranslator::run(const onnx::NodeProto& node, const Body& body, Scope& scope,
                         const std::set<std::string>& used) {
  std::vector<std::shared_ptr<OnnxValue>> held;
  std::vector<OnnxValue*> inputs;
  for (const std::string& name : node.input()) {
    held.push_back(name.empty() ? nullptr : scope.find(name));
    if (!name.empty() && held.back() == nullptr)
      throw Error(fmt::format("uses '{}', which nothing before it gives", name));
    inputs.push_back(held.back() == nullptr || !held.back()->exists() ? nullptr : held.back().get());
  }
  std::vector<bool> wanted;
  for (const std::string& name : node.output()) wanted.push_back(!name.empty() && used.contains(name));
  OnnxCall call(program_, tensors_, reading_, node, opset_of(node.domain(), body), std::move(inputs), wanted,
                body.attributes);
  OnnxValues results = results_of(call, node, body, scope);
  for (int i = 0; i < node.output_size(); ++i) {
    if (node.output(i).empty()) continue;
    if (!scope.defined.insert(node.output(i)).second)
      throw Error(fmt::format("gives '{}', which something before it gives too", node.output(i)));
    const auto place = static_cast<size_t>(i);
    const bool is_there = place < results.size() && results[place].exists();
    if (wanted[place] && !is_there)
      throw Error(fmt::format("its output {}, '{}', is not supported", i + 1, node.output(i)));
    if (wanted[place]) scope.values[node.output(i)] = std::make_shared<OnnxValue>(std::move(results[place]));
  }
  if (&scope == main_.get() && reading_.is_network) add_features(node, scope);
}

void OnnxTranslator::add_features(const onnx::NodeProto& node, const Scope& scope) {
  for (const std::string& name : node.output()) {
    const auto found = scope.values.find(name);
    TriedProgram::Value* value = found == scope.values.end() ? nullptr : found->second->value;
    if (value == nullptr || program_.is_constant(value) || !program_.tried(value).isTensor()) continue;
    if (program_.tensor(value).is_floating_point() && program_.follows_batch(value, 0)) program_.feature(name, value);
  }
}

OnnxValues OnnxTranslator::results_of(OnnxCall& call, const onnx::NodeProto& node, const Body& body, Scope& scope) {
  if (const onnx::FunctionProto* function = function_of(node)) return call_function(call, *function, node, scope);
  const std::string name = full_name(node);
  if (name == "If") return branch(call, body, scope);
  if (name == "Loop") return loop(call, body, scope);
  const OnnxOperationEntry* entry = entry_of(node);
  if (entry == nullptr) throw Error("there is no such operation here");
  return entry->write(call);
}

OnnxValues OnnxTranslator::call_function(OnnxCall& call, const onnx::FunctionProto& function,
                                         const onnx::NodeProto& node, Scope& caller) {
  if (++depth_ > kDeepest) throw Error("functions call each other without an end");
  Attributes attributes;
  for (const std::string& name : function.attribute())
    if (const onnx::AttributeProto* given = call.attribute(name)) attributes[name] = given;
  Scope scope;
  scope.caller = &caller;
  for (int i = 0; i < function.input_size(); ++i) {
    const bool is_given = i < node.input_size() && !node.input(i).empty();
    scope.values[function.input(i)] = is_given ? caller.find(node.input(i)) : std::make_shared<OnnxValue>();
    scope.defined.insert(function.input(i));
  }
  run({function.node(), {function.output().begin(), function.output().end()}, function.opset_import(), attributes},
      scope);
  --depth_;
  OnnxValues results;
  for (const std::string& name : function.output()) {
    const std::shared_ptr<OnnxValue> value = scope.find(name);
    if (value == nullptr) throw Error(fmt::format("the function's output '{}' is given by no node", name));
    results.push_back(*value);
  }
  return results;
}

/// A graph inside of a node.
OnnxValues OnnxTranslator::run_graph(const onnx::GraphProto& graph, const Body& body, Scope& outer,
                                     const OnnxValues& inputs) {
  if (++depth_ > kDeepest) throw Error("graphs stand in each other too deeply");
  Scope scope;
  scope.outer = scope.caller = &outer;
  if (graph.input_size() != static_cast<int>(inputs.size()))
    throw Error(fmt::format("its graph has {} inputs; expected {}", graph.input_size(), inputs.size()));
  for (int i = 0; i < graph.input_size(); ++i) {
    scope.values[graph.input(i).name()] = std::make_shared<OnnxValue>(inputs[static_cast<size_t>(i)]);
    scope.defined.insert(graph.input(i).name());
  }
  add_initializers(graph, scope, {});
  Body inner{graph.node(), {}, body.opsets, body.attributes};
  for (const onnx::ValueInfoProto& output : graph.output()) inner.outputs.insert(output.name());
  run(inner, scope);
  --depth_;
  OnnxValues results;
  for (const onnx::ValueInfoProto& output : graph.output()) {
    const std::shared_ptr<OnnxValue> value = scope.find(output.name());
    if (value == nullptr) throw Error(fmt::format("its graph's output '{}' is given by no node", output.name()));
    results.push_back(*value);
  }
  return results;
}

OnnxValues OnnxTranslator::branch(OnnxCall& call, const Body& body, Scope& scope) {
  const bool holds = call.constant_number(0) != 0;
  return run_graph(call.graph(holds ? "then_branch" : "else_branch"), body, scope, {});
}

/// Inputs: how often at most, whether to begin, what is carried; the graph takes the round, whether to go on and what
/// is carried, and gives whether to go on, what is carried on, and what is put together of all rounds.
OnnxValues OnnxTranslator::loop(OnnxCall& call, const Body& body, Scope& scope) {
  const onnx::GraphProto& graph = call.graph("body");
  const double most = call.has(0) ? call.constant_number(0) : kMostRounds + 1;
  bool goes_on = !call.has(1) || call.constant_number(1) != 0;
  OnnxValues carried;
  for (size_t place = 2; place < call.inputs(); ++place) {
    if (call.value(place).is_trained) call.tensor(place);
    carried.push_back(call.value(place));
  }
  const size_t count = carried.size();
  std::vector<std::vector<TriedProgram::Value*>> rows;
  for (int64_t round = 0; goes_on && static_cast<double>(round) < most; ++round) {
    if (round >= kMostRounds) throw Error(fmt::format("it goes round more than {} times", kMostRounds));
    OnnxValues inputs = {OnnxValue::of_elements({program_.constant(round)}, false),
                         program_.constant(at::scalar_tensor(true))};
    inputs.insert(inputs.end(), carried.begin(), carried.end());
    OnnxValues results = run_graph(graph, body, scope, inputs);
    if (results.size() < count + 1) throw Error("its graph gives too few outputs");
    const onnx::NodeProto nothing;
    std::vector<OnnxValue*> places;
    for (OnnxValue& result : results) places.push_back(&result);
    OnnxCall given(program_, tensors_, reading_, nothing, call.opset(), places, {}, body.attributes);
    goes_on = given.constant_number(0) != 0;
    rows.resize(results.size() - 1 - count);
    for (size_t i = 0; i < rows.size(); ++i)
      rows[i].push_back(program_.call("aten::unsqueeze", {given.tensor(count + 1 + i), 0}));
    carried.assign(results.begin() + 1, results.begin() + 1 + static_cast<std::ptrdiff_t>(count));
  }
  for (const auto& row : rows) carried.emplace_back(program_.call("aten::cat", {program_.list(row), 0}));
  return carried;
}

}  // namespace limbeck
