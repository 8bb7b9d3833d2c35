#include "app/commands/check.h"
#include "app/actions/all.h"
#include "core/files.h"
#include "core/json.h"
#include "experiment/components.h"
#include "experiment/static_checks.h"
#include "recipe/recipe.h"

namespace limbeck {
namespace {

Recipe parse_and_check(const std::string& file, const std::vector<std::string>& settings, const std::string& data) {
  const Recipe recipe = parse_recipe(read_file(file), file, settings, components());
  check_stages(recipe);
  check_data(recipe, DataFolders(data));
  return recipe;
}

}  // namespace

void check(CheckFlags flags, const OutputOptions& output) {
  Recipe recipe;
  try {
    recipe = parse_and_check(flags.recipe, flags.settings, flags.data);
  } catch (const Error& error) {
    print_mistakes(error, output);
    throw;
  }
  if (output.json)
    print_out("{}\n", resolve(recipe).dump(1));
  else if (flags.resolved)
    print_out("{}", to_yaml(resolve(recipe)));
  else
    print_out("{}: no mistakes; {} network{}, {} stage{}\n", flags.recipe, recipe.networks.size(),
              recipe.networks.size() == 1 ? "" : "s", recipe.stages.size(), recipe.stages.size() == 1 ? "" : "s");
}

}  // namespace limbeck
