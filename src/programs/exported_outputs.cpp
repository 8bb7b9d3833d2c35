#include "programs/exported_outputs.h"

#include <map>
#include <optional>

#include "core/error.h"
#include "core/json.h"

namespace limbeck {
namespace {

using Names = std::vector<std::string>;

/// A number, text or None, or nullopt for anything else.
std::optional<c10::IValue> constant_of(const std::string& kind, const ExportedJson& value) {
  if (kind == "as_none") return c10::IValue();
  if (kind == "as_int") return c10::IValue(value.integer());
  if (kind == "as_float") return c10::IValue(value.number());
  if (kind == "as_bool") return c10::IValue(value.flag());
  if (kind == "as_string") return c10::IValue(value.text());
  return std::nullopt;
}

std::optional<ExportedInput> input_of(const ExportedJson& spec) {
  const auto [kind, value] = spec.tagged();
  if (kind == "parameter")
    return ExportedInput{kind, value.at("arg").at("name").text(), value.at("parameter_name").text(), {}};
  if (kind == "buffer")
    return ExportedInput{kind, value.at("arg").at("name").text(), value.at("buffer_name").text(), {}};
  if (kind == "tensor_constant")
    return ExportedInput{kind, value.at("arg").at("name").text(), value.at("tensor_constant_name").text(), {}};
  if (kind == "constant_input") {
    const auto [constant_kind, constant] = value.at("value").tagged();
    const std::optional<c10::IValue> held = constant_of(constant_kind, constant);
    if (!held) throw Error(fmt::format("has an input of the kind '{}'", constant_kind));
    return ExportedInput{kind, value.at("name").text(), "", *held};
  }
  if (kind != "user_input") throw Error(fmt::format("has an input of the kind '{}', which no network has", kind));
  const auto [argument_kind, argument] = value.at("arg").tagged();
  if (constant_of(argument_kind, argument)) return std::nullopt;  // it stands in the nodes
  if (argument_kind != "as_tensor") throw Error(fmt::format("takes an input that is no tensor, '{}'", argument_kind));
  return ExportedInput{kind, argument.at("name").text(), "", {}};
}

ExportedOutput output_of(const ExportedJson& spec) {
  const auto [kind, value] = spec.tagged();
  if (kind == "user_output") {
    const auto [argument_kind, argument] = value.at("arg").tagged();
    if (argument_kind == "as_tensor") return {kind, argument.at("name").text(), ""};
    const std::optional<ExportedJson> name =
        argument_kind.starts_with("as_sym_") ? argument.find("as_name") : std::nullopt;
    return {kind, name ? name->text() : "", ""};
  }
  if (kind == "buffer_mutation") return {kind, value.at("arg").at("name").text(), value.at("buffer_name").text()};
  if (kind == "user_input_mutation") return {kind, "", ""};  // the input is the caller's, and is not read again
  throw Error(fmt::format("returns something of the kind '{}'; export the network alone", kind));
}

/// The signature of PyTorch 2.1: dicts of names.
ExportedSignature old_signature(const ExportedJson& graph, const ExportedJson& signature) {
  const auto dict = [&](const char* key) {
    std::map<std::string, std::string> all;
    for (const auto& [name, target] : signature.at(key).members()) all[name] = target.text();
    return all;
  };
  const auto parameters = dict("inputs_to_parameters"), buffers = dict("inputs_to_buffers"),
             changed = dict("buffers_to_mutate");
  ExportedSignature result;
  for (const ExportedJson& input : graph.at("inputs").list()) {
    const auto [kind, value] = input.tagged();
    if (constant_of(kind, value)) continue;
    const std::string name = value.at("name").text();
    if (parameters.contains(name))
      result.inputs.push_back({"parameter", name, parameters.at(name), {}});
    else if (buffers.contains(name))
      result.inputs.push_back({"buffer", name, buffers.at(name), {}});
    else
      result.inputs.push_back({"user_input", name, "", {}});
  }
  for (const ExportedJson& output : graph.at("outputs").list()) {
    const auto [kind, value] = output.tagged();
    const std::string name = kind == "as_tensor" ? value.at("name").text() : "";
    if (changed.contains(name))
      result.outputs.push_back({"buffer_mutation", name, changed.at(name)});
    else
      result.outputs.push_back({"user_output", name, ""});
  }
  return result;
}

/// The keys of a dict or a named tuple, in the order of its parts; empty where it has none.
Names keys_of(const ExportedJson& tree, const ExportedJson& graph_module) {
  const std::optional<ExportedJson> context = tree.find("context");
  const std::string type = tree.at("type").text();
  if (!context) return {};
  try {
    const Json parsed = parse_json(context->text(), "context");
    const std::optional<ExportedJson> tuples = graph_module.find("treespec_namedtuple_fields");
    Names keys;
    if (type.ends_with("namedtuple") && tuples) {
      for (const ExportedJson& key : tuples->at(ExportedJson(parsed).text().c_str()).at("field_names").list())
        keys.push_back(key.text());
    } else {
      for (const ExportedJson& key : ExportedJson(parsed).list()) keys.push_back(key.text());
    }
    return keys;
  } catch (const Error&) {
    return {};  // something else describes the type
  }
}

/// Appends the names of all leaves of a tree of outputs: {"type": "builtins.dict", "context": "[\"logits\"]", …}.
void add_leaves(const ExportedJson& tree, const ExportedJson& graph_module, const std::string& path, Names& names) {
  if (!tree.find("type")) {
    names.push_back(path);
    return;
  }
  const std::vector<ExportedJson> parts = tree.at("children_spec").list();
  Names keys = keys_of(tree, graph_module);
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string key = keys.size() == parts.size() ? keys[i] : std::to_string(i);
    add_leaves(parts[i], graph_module, path.empty() ? key : fmt::format("{}.{}", path, key), names);
  }
}

/// The description of what the program returns, [VERSION, TREE].
std::optional<std::string> output_tree(const ExportedJson& graph_module) {
  if (const auto calls = graph_module.find("module_call_graph"))
    for (const ExportedJson& call : calls->list())
      if (const auto signature = call.find("signature"); signature && call.at("fqn").text().empty())
        return signature->at("out_spec").text();
  const auto call = graph_module.find("call_spec");
  return call ? std::optional(call->at("out_spec").text()) : std::nullopt;
}

Names output_names(const ExportedJson& graph_module, size_t count) {
  Names names;
  if (const std::optional<std::string> text = output_tree(graph_module)) {
    const Json tree = parse_json(*text, "out_spec");
    const std::vector<ExportedJson> parts = ExportedJson(tree).list();
    if (parts.size() != 2) throw Error("its out_spec is no version and tree");
    add_leaves(parts[1], graph_module, "", names);
  }
  if (names.size() == count) return names;
  names.clear();
  for (size_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

}  // namespace

ExportedSignature signature_of(const ExportedJson& graph_module) {
  const ExportedJson signature = graph_module.at("signature");
  ExportedSignature result;
  if (const auto inputs = signature.find("input_specs")) {
    for (const ExportedJson& spec : inputs->list())
      if (std::optional<ExportedInput> input = input_of(spec)) result.inputs.push_back(std::move(*input));
    for (const ExportedJson& spec : signature.at("output_specs").list()) result.outputs.push_back(output_of(spec));
  } else {
    result = old_signature(graph_module.at("graph"), signature);
  }
  size_t count = 0;
  for (const ExportedOutput& output : result.outputs) count += output.kind == "user_output" ? 1 : 0;
  result.output_names = output_names(graph_module, count);
  return result;
}

}  // namespace limbeck
