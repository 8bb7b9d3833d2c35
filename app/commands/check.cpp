// limbeck check RECIPE
#include <fmt/core.h>

#include "app/commands.h"
#include "core/files.h"
#include "core/json.h"
#include "experiment/components.h"
#include "experiment/static_checks.h"
#include "recipe/recipe.h"

namespace limbeck {

void add_check(Program& program) {
  CLI::App* command = add_command(program, "check", "Check a recipe without running it; all mistakes are shown at once");
  auto file = std::make_shared<std::string>();
  auto settings = std::make_shared<std::vector<std::string>>();
  auto resolve = std::make_shared<bool>(false);
  command->add_option("recipe", *file, "YAML file")->required()->type_name("RECIPE");
  command->add_option("--set", *settings, "change one value first, as `run` would")->type_name("KEY=VALUE")->allow_extra_args(false);
  command->add_flag("--resolved", *resolve, "print the recipe with every default spelled out");
  command->callback([=, &program] {
    const Recipe recipe = parse_recipe(read_file(*file), *file, *settings, components());
    check_stages(recipe);
    if (program.output.json) fmt::print("{}\n", resolved(recipe).dump(1));
    else if (*resolve) fmt::print("{}", to_yaml(resolved(recipe)));
    else fmt::print("{}: no mistakes; {} network{}, {} stage{}\n", *file, recipe.networks.size(),
                    recipe.networks.size() == 1 ? "" : "s", recipe.stages.size(), recipe.stages.size() == 1 ? "" : "s");
  });
}

}  // namespace limbeck
