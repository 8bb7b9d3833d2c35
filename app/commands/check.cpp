// limbeck check RECIPE
#include <fmt/core.h>

#include "app/commands.h"
#include "core/files.h"
#include "core/json.h"
#include "experiment/components.h"
#include "experiment/static_checks.h"
#include "recipe/recipe.h"

namespace limbeck {
namespace {

/// [{"file", "line", "column", "path", "message"}]; of a mistake that has no place, the message alone.
Json mistakes_in(const Error& error) {
  Json mistakes = Json::array();
  const auto* known = dynamic_cast<const DiagnosticsError*>(&error);
  if (known == nullptr) return Json::array({{{"message", error.what()}}});
  for (const Diagnostic& mistake : known->diagnostics())
    mistakes.push_back({{"file", mistake.where.file}, {"line", mistake.where.line}, {"column", mistake.where.column}, {"path", mistake.path},
                        {"message", mistake.message}});
  return mistakes;
}

Recipe checked(const std::string& file, const std::vector<std::string>& settings, const std::string& data) {
  const Recipe recipe = parse_recipe(read_file(file), file, settings, components());
  check_stages(recipe);
  check_data(recipe, DataFolders(data));
  return recipe;
}

}  // namespace

void add_check(Program& program) {
  CLI::App* command = add_command(program, "check", "Check a recipe without running it; all mistakes are shown at once");
  auto file = std::make_shared<std::string>();
  auto settings = std::make_shared<std::vector<std::string>>();
  auto resolve = std::make_shared<bool>(false);
  command->add_option("recipe", *file, "YAML file")->required()->type_name("RECIPE");
  command->add_option("--set", *settings, "change one value first, as `run` would")->type_name("KEY=VALUE")->allow_extra_args(false);
  auto data = std::make_shared<std::string>();
  command->add_option("--data", *data, "where the data sets are, whose sizes are looked at (default: as for `run`)")->type_name("DIR");
  command->add_flag("--resolved", *resolve, "print the recipe with every default spelled out");
  command->callback([=, &program] {
    Recipe recipe;
    try {
      recipe = checked(*file, *settings, *data);
    } catch (const Error& error) {
      if (program.output.json) print_out("{}\n", mistakes_in(error).dump(1));
      throw;
    }
    if (program.output.json) print_out("{}\n", resolved(recipe).dump(1));
    else if (*resolve) print_out("{}", to_yaml(resolved(recipe)));
    else print_out("{}: no mistakes; {} network{}, {} stage{}\n", *file, recipe.networks.size(),
                    recipe.networks.size() == 1 ? "" : "s", recipe.stages.size(), recipe.stages.size() == 1 ? "" : "s");
  });
}

}  // namespace limbeck
