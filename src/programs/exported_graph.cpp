#include "programs/exported_graph.h"

#include <torch/csrc/jit/ir/ir.h>

#include <algorithm>
#include <map>
#include <optional>

#include "core/error.h"
#include "programs/exported_operations.h"

namespace limbeck {
namespace {

using Value = ProgramBuilder::Value;

bool is_tensor(const Value* value) {
  return value->type()->isSubtypeOf(*c10::TensorType::get());
}

/// The names in an argument that is a result, and of a list all of them.
std::vector<std::string> names_of(const std::string& kind, const ExportedJson& value) {
  if (kind == "as_none") return {""};
  if (kind == "as_tensor") return {value.at("name").text()};
  if (kind == "as_sym_int" || kind == "as_sym_float" || kind == "as_sym_bool") return {value.at("as_name").text()};
  if (kind == "as_optional_tensor") {
    const auto [inner_kind, inner] = value.tagged();
    return names_of(inner_kind, inner);
  }
  std::vector<std::string> all;
  if (kind == "as_tensors") {
    for (const ExportedJson& element : value.list()) all.push_back(element.at("name").text());
  } else if (kind == "as_optional_tensors" || kind == "as_sym_ints") {
    for (const ExportedJson& element : value.list()) {
      const auto [inner_kind, inner] = element.tagged();
      all.push_back(inner_kind == "as_tensor" ? inner.at("name").text() : inner_kind == "as_name" ? inner.text() : "");
    }
  } else {
    throw Error(fmt::format("has a result of the kind '{}', which is not read", kind));
  }
  return all;
}

/// A number of the kind that the file says: item() gives any.
Value* as_kind(ProgramBuilder& program, const std::string& kind, Value* value) {
  if (kind == "as_sym_int" && value->type()->kind() != c10::TypeKind::IntType)
    return program.call("aten::Int", {value});
  if (kind == "as_sym_float" && value->type()->kind() != c10::TypeKind::FloatType)
    return program.call("aten::Float", {value});
  if (kind == "as_sym_bool" && value->type()->kind() != c10::TypeKind::BoolType)
    return program.call("aten::Bool", {value});
  return value;
}

/// "L['self'].layer1@2" → "layer1"; nullopt: an expression that is no path
std::optional<std::string> module_path(std::string path) {
  constexpr std::string_view kSelf = "L['self']";
  if (path.starts_with(kSelf)) path.erase(0, kSelf.size());
  if (path.starts_with('.')) path.erase(0, 1);
  path = path.substr(0, path.find('@'));
  if (path.find_first_of("()[]'\" ") != std::string::npos) return std::nullopt;
  return path;
}

}  // namespace

void ExportedGraph::add(const ExportedJson& graph) {
  for (const ExportedJson& node : graph.at("nodes").list()) {
    const std::string target = node.at("target").text();
    try {
      add_node(node);
    } catch (const Error& error) {
      const std::optional<ExportedJson> name = node.find("name");
      throw Error(
          fmt::format("the node{} of {}: {}", name ? fmt::format(" '{}'", name->text()) : "", target, error.what()));
    } catch (const std::exception& error) {
      const std::string why = error.what();
      throw Error(fmt::format("a node of {}: {}", target, why.substr(0, why.find("\n\n"))));
    }
  }
}

void ExportedGraph::add_node(const ExportedJson& node) {
  ExportedCall call(values_, node);
  if (is_assertion(call.target())) return;
  if (call.target().starts_with("higher_order.")) return add_inner(call.target(), node);
  values_.use_by(steps_.size());
  bind(node, translate(call));
}

void ExportedGraph::bind(const ExportedJson& node, const std::vector<Value*>& results) {
  Step step{levels_of(node), {}};
  size_t taken = 0;
  for (const ExportedJson& output : node.at("outputs").list()) {
    const auto [kind, value] = output.tagged();
    const std::vector<std::string> names = names_of(kind, value);
    const bool is_list = taken < results.size() && results[taken] != nullptr &&
                         results[taken]->type()->kind() == c10::TypeKind::ListType;
    const std::vector<Value*> parts =
        is_list ? values_.program().unpack(results[taken], names.size()) : std::vector<Value*>();
    for (size_t i = 0; i < names.size(); ++i) {
      Value* result = is_list ? parts[i] : taken + i < results.size() ? results[taken + i] : nullptr;
      if (result == nullptr || names[i].empty()) continue;
      result = as_kind(values_.program(), kind, result);
      values_.set(names[i], result);
      if (is_tensor(result)) step.tensors.push_back(result);
    }
    taken += is_list ? 1 : names.size();
  }
  steps_.push_back(std::move(step));
}

/// Graphs within the graph that are written out in its place.
void ExportedGraph::add_inner(const std::string& target, const ExportedJson& node) {
  const std::vector<ExportedJson> inputs = node.at("inputs").list();
  const auto argument = [&](size_t i) { return inputs.at(i).at("arg"); };
  const bool sets_gradient = target == "higher_order.wrap_with_set_grad_enabled";
  if (!sets_gradient && target != "higher_order.wrap_with_autocast")
    throw Error("is an operation with programs of its own, which are not read");
  const auto is_graph = [](const ExportedJson& input) { return input.at("arg").tagged().first == "as_graph"; };
  const size_t place = static_cast<size_t>(std::find_if(inputs.begin(), inputs.end(), is_graph) - inputs.begin());
  if (place == inputs.size() || place == 0) throw Error("has no graph");
  const auto enabled_at = sets_gradient ? size_t{0} : size_t{2};
  const bool enabled = argument(enabled_at).at("as_bool").flag();
  if (!sets_gradient && enabled) throw Error("computes in another precision than its weights have");

  const ExportedJson graph = argument(place).at("as_graph").at("graph");
  const auto outer = values_.names();
  std::map<std::string, Value*> inner;
  const std::vector<ExportedJson> names = graph.at("inputs").list();
  if (names.size() != inputs.size() - place - 1) throw Error("has another number of arguments than its graph");
  values_.use_by(steps_.size());
  ExportedCall call(values_, node);
  for (size_t i = 0; i < names.size(); ++i) {
    const auto [kind, value] = names[i].tagged();
    inner[names_of(kind, value).at(0)] = call.value(place + 1 + i);
  }
  values_.set_names(std::move(inner));
  add(graph);
  std::vector<Value*> results;
  for (const ExportedJson& output : graph.at("outputs").list()) {
    Value* result = call.resolve(output, nullptr);
    results.push_back(sets_gradient && !enabled && is_tensor(result) ? call.aten("detach", {{"self", result}}).at(0)
                                                                     : result);
  }
  values_.set_names(outer);
  bind(node, results);
}

/// "KEY,PATH,CLASS;…" from the outermost to the innermost module. Nodes that PyTorch put in have none.
std::vector<ExportedGraph::Level> ExportedGraph::levels_of(const ExportedJson& node) {
  std::vector<Level> levels;
  const std::optional<ExportedJson> metadata = node.find("metadata");
  const std::optional<ExportedJson> stack = metadata ? metadata->find("nn_module_stack") : std::nullopt;
  std::string_view rest = stack ? std::string_view(stack->text()) : std::string_view();
  while (!rest.empty()) {
    const std::string_view entry = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    const size_t comma = entry.find(','), end = entry.find(',', comma == std::string_view::npos ? 0 : comma + 1);
    if (comma == std::string_view::npos || end == std::string_view::npos || entry.starts_with("_empty")) return {};
    const auto path = module_path(std::string(entry.substr(comma + 1, end - comma - 1)));
    if (!path) return {};
    levels.push_back({std::string(entry.substr(0, comma)), *path});
  }
  return levels;
}

std::vector<ExportedGraph::ModuleCall> ExportedGraph::calls() const {
  std::vector<ModuleCall> all;
  std::vector<size_t> open;  // of all, from the outermost to the innermost
  for (size_t i = 0; i < steps_.size(); ++i) {
    const std::vector<Level>& levels = steps_[i].levels;
    if (levels.empty()) continue;
    size_t common = 0;
    while (common < std::min(open.size(), levels.size()) && all[open[common]].level.key == levels[common].key) ++common;
    open.resize(common);
    for (size_t depth = common; depth < levels.size(); ++depth) {
      open.push_back(all.size());
      all.push_back({levels[depth], i, i});
    }
    for (const size_t call : open) all[call].last = i;
  }
  return all;
}

Value* ExportedGraph::output_of(const ModuleCall& call) const {
  const auto is_outside = [&](size_t user) {
    return user == ExportedValues::kReturned || (user > call.last && !steps_.at(user).levels.empty());
  };
  Value* last = nullptr;
  for (size_t i = call.last + 1; i-- > call.first;) {
    if (steps_[i].levels.empty()) continue;
    for (Value* tensor : steps_[i].tensors) {
      const std::vector<size_t>& users = values_.users(tensor);
      if (std::any_of(users.begin(), users.end(), is_outside)) return tensor;
      if (last == nullptr) last = tensor;
    }
  }
  return last;
}

void ExportedGraph::add_features() {
  std::map<std::string, int> counts;
  for (const ModuleCall& call : calls()) {
    if (call.level.path.empty()) continue;
    const int count = ++counts[call.level.path];
    if (Value* output = output_of(call); output != nullptr)
      values_.program().feature(count == 1 ? call.level.path : fmt::format("{}:{}", call.level.path, count), output);
  }
}

}  // namespace limbeck
