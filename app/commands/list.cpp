// limbeck list losses|networks|data|teachers|optimizers|schedules|augmentations
#include <fmt/core.h>

#include "app/commands.h"
#include "core/json.h"
#include "experiment/components.h"

namespace limbeck {
namespace {

const std::vector<std::pair<std::string, Slot>> kKinds = {
    {"losses", Slot::loss},         {"networks", Slot::network},   {"data", Slot::data},
    {"teachers", Slot::teacher},    {"optimizers", Slot::optimizer}, {"schedules", Slot::schedule},
    {"augmentations", Slot::augmentation}};

void print_component(const Component& component) {
  const ComponentInfo& info = component.info();
  fmt::print("{}\n  {}\n", info.name, info.summary);
  if (!info.formula.empty()) fmt::print("  formula: {}\n", info.formula);
  if (!info.source.empty()) fmt::print("  source:  {}\n", info.source);
  const auto options = component.default_options();
  for (const FieldDescription& field : describe_fields(*options)) {
    const std::string allowed = field.allowed.empty() ? "" : ", " + field.allowed;
    const std::string standard = field.default_value.empty() ? "required" : "default " + field.default_value;
    fmt::print("    {:<16} {} ({}{}; {})\n", field.name, field.meaning, field.type, allowed, standard);
  }
  fmt::print("\n");
}

Json to_json(const Component& component) {
  const ComponentInfo& info = component.info();
  Json json = {{"name", info.name}, {"summary", info.summary}, {"formula", info.formula}, {"source", info.source}};
  json["options"] = Json::array();
  const auto options = component.default_options();
  for (const FieldDescription& field : describe_fields(*options))
    json["options"].push_back({{"name", field.name}, {"type", field.type}, {"default", field.default_value},
                               {"allowed", field.allowed}, {"meaning", field.meaning}});
  return json;
}

}  // namespace

void add_list(Program& program) {
  CLI::App* command = add_command(program, "list", "Show what can stand in a recipe, with formula, options and source");
  auto kind = std::make_shared<std::string>();
  std::vector<std::string> names;
  for (const auto& [name, slot] : kKinds) names.push_back(name);
  command->add_option("kind", *kind, "what to show")->required()->check(CLI::IsMember(names));
  command->callback([=, &program] {
    Json all = Json::array();
    for (const auto& [name, slot] : kKinds) {
      if (name != *kind) continue;
      for (const auto& component : components().components(slot)) {
        if (program.output.json) all.push_back(to_json(*component));
        else print_component(*component);
      }
    }
    if (program.output.json) fmt::print("{}\n", all.dump(1));
  });
}

}  // namespace limbeck
