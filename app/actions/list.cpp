#include <fmt/ranges.h>

#include <algorithm>

#include "app/actions/all.h"
#include "app/actions/recipe_reference.h"
#include "app/commands/list.h"
#include "core/json.h"
#include "core/nearest.h"
#include "experiment/components.h"
#include "recipe/recipe.h"
#include "recipe/schema.h"
#include "report/text_table.h"

namespace limbeck {
namespace {

/// One thing that is explained: a component, or a map of the recipe.
struct Listed {
  std::string name, summary, formula, source, where;
  std::vector<FieldDescription> options;
  std::vector<std::string> aliases = {};
};

Listed describe(const Component& component) {
  const ComponentInfo& info = component.info();
  return {info.name,   info.summary, info.formula, info.source, "", describe_fields(*component.default_options()),
          info.aliases};
}

Listed describe(const RecipeSection& section) {
  return {section.name, section.summary, "", "", section.where, section.keys};
}

std::string text_of(const FieldDescription& field, size_t width) {
  constexpr size_t kMargin = 4, kNames = 16;
  const std::string allowed = field.allowed.empty() ? "" : ", " + field.allowed;
  const std::string standard = field.default_value.empty() ? "required" : "default " + field.default_value;
  return wrap(fmt::format("{:{}}{:<{}} {} ({}{}; {})", "", kMargin, field.name, kNames, field.meaning, field.type,
                          allowed, standard),
              width, kMargin + kNames + 1) +
         "\n";
}

std::string text_of(const Listed& it, const OutputOptions& output) {
  const size_t width = output.width();
  std::string text = paint(it.name, Color::bold, output_terminal(output.color).color) +
                     (it.where.empty() || it.where == it.name ? "" : "  (" + it.where + ")") +
                     (it.aliases.empty() ? "" : fmt::format("  (or {})", fmt::join(it.aliases, ", "))) + "\n";
  for (const auto& [label, value] :
       {std::pair{"", it.summary}, std::pair{"formula: ", it.formula}, std::pair{"source:  ", it.source}})
    if (!value.empty()) text += wrap(fmt::format("  {}{}", label, value), width, 2) + "\n";
  for (const FieldDescription& field : it.options) text += text_of(field, width);
  return text + "\n";
}

Json to_json(const Listed& it) {
  Json json = {{"name", it.name}, {"summary", it.summary}, {"formula", it.formula}, {"source", it.source}};
  if (!it.where.empty()) json["where"] = it.where;
  if (!it.aliases.empty()) json["aliases"] = it.aliases;
  json["options"] = Json::array();
  for (const FieldDescription& field : it.options)
    json["options"].push_back({{"name", field.name},
                               {"type", field.type},
                               {"default", field.default_value},
                               {"allowed", field.allowed},
                               {"meaning", field.meaning}});
  return json;
}

/// What stands in a stage; `recipe`: in all of the recipe.
std::vector<Listed> describe_sections(bool stages_alone) {
  std::vector<Listed> all;
  for (const RecipeSection& section : recipe_sections(components()))
    if (!stages_alone || section.where.starts_with("stages[]")) all.push_back(describe(section));
  return all;
}

/// Those of its keys that are called so: "input" or "dropout.input".
Listed with_keys(Listed it, const std::string& key) {
  std::erase_if(it.options,
                [&](const FieldDescription& field) { return field.name != key && !field.name.ends_with("." + key); });
  return it;
}

/// All that has this name: components, maps of the recipe, keys.
std::vector<Listed> describe_by_name(const std::string& name) {
  std::vector<Listed> found;
  std::vector<Listed> all = describe_sections(/*stages_alone=*/false);
  for (const auto& [kind, slot] : component_kinds())
    for (const auto& component : components().components(slot)) all.push_back(describe(*component));
  for (const Listed& it : all)
    if (it.name == name || std::find(it.aliases.begin(), it.aliases.end(), name) != it.aliases.end())
      found.push_back(it);
  if (!found.empty()) return found;
  for (const Listed& it : all)
    if (Listed part = with_keys(it, name); !part.options.empty()) found.push_back(std::move(part));
  if (!found.empty()) return found;
  std::vector<std::string> names = {"recipe", "stages"};
  for (const auto& [kind, slot] : component_kinds()) names.push_back(kind);
  for (const Listed& it : all) {
    names.push_back(it.name);
    for (const FieldDescription& field : it.options) names.push_back(field.name);
  }
  const std::string meant = suggestion(name, names);
  throw Error(
      ErrorKind::usage,
      fmt::format("nothing in a recipe is called '{}'{}", name,
                  meant.find("did you mean") != std::string::npos ? meant : "; `limbeck list` says what there is"));
}

std::vector<Listed> describe_kind_or_name(const std::string& what) {
  if (what == "recipe" || what == "stages") return describe_sections(what == "stages");
  std::vector<Listed> all;
  for (const auto& [kind, slot] : component_kinds())
    if (kind == what)
      for (const auto& component : components().components(slot)) all.push_back(describe(*component));
  return all.empty() ? describe_by_name(what) : all;
}

Json overview() {
  Json all = {{"recipe", Json::array()}, {"stages", Json::array()}};
  for (const RecipeSection& section : recipe_sections(components())) {
    if (section.name != "recipe" && section.name != "stages") continue;
    for (const FieldDescription& key : section.keys) all[section.name].push_back(key.name);
  }
  for (const auto& [kind, slot] : component_kinds()) all[kind] = components().names(slot);
  return all;
}

std::string overview_text(const OutputOptions& output) {
  const size_t width = std::min<size_t>(output.width(), 120);
  std::string text = "What can stand in a recipe:\n\n";
  const Json all = overview();
  for (const auto& [kind, names] : all.items()) {
    std::string list;
    for (const Json& name : names) list += (list.empty() ? "" : ", ") + name.get<std::string>();
    text += wrap(fmt::format("  {:<14} {}", kind, list), width, 17) + "\n";
  }
  return text + "\n" +
         wrap(
             "`limbeck list losses` explains all of a kind, `limbeck list soft_targets` one of them, `limbeck list "
             "batch_size` a key.",
             width) +
         "\n";
}

}  // namespace

void list(ListFlags flags, const OutputOptions& output) {
  if (flags.schema) {
    print_out("{}\n", recipe_schema(components()).dump(1));
    return;
  }
  if (flags.markdown) {
    if (output.json) throw Error(ErrorKind::usage, "--markdown and --json are two formats; give one of them");
    print_text(recipe_reference());
    return;
  }
  if (flags.what.empty()) {
    if (output.json)
      print_out("{}\n", overview().dump(1));
    else
      print_text(overview_text(output));
    return;
  }
  Json all = Json::array();
  std::string text;
  for (const Listed& it : describe_kind_or_name(flags.what)) {
    all.push_back(to_json(it));
    text += text_of(it, output);
  }
  print_text(output.json ? all.dump(1) + "\n" : text);
}

}  // namespace limbeck
