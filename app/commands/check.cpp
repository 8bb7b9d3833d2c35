// limbeck check RECIPE
#include "app/commands/check.h"

#include "app/commands.h"
#include "core/json.h"
#include "recipe/recipe.h"

namespace limbeck {
namespace {

Json mistakes_in(const Error& error) {
  Json mistakes = Json::array();
  const auto* known = dynamic_cast<const DiagnosticsError*>(&error);
  if (known == nullptr) return Json::array({{{"message", error.what()}}});
  for (const Diagnostic& mistake : known->diagnostics())
    mistakes.push_back({{"file", mistake.where.file},
                        {"line", mistake.where.line},
                        {"column", mistake.where.column},
                        {"path", mistake.path},
                        {"message", mistake.message}});
  return mistakes;
}

}  // namespace

void print_mistakes(const Error& error, const OutputOptions& output) {
  if (output.json) print_out("{}\n", mistakes_in(error).dump(1));
}

void add_check(Program& program) {
  CLI::App* command =
      add_command(program, "check", "Check a recipe without running it; all mistakes are shown at once");
  auto flags = std::make_shared<CheckFlags>();
  command->add_option("recipe", flags->recipe, "YAML file")->required()->type_name("RECIPE");
  command->add_option("--set", flags->settings, "change one value first, as `run` would")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command
      ->add_option("--data", flags->data, "where the data sets are, whose sizes are looked at (default: as for `run`)")
      ->type_name("DIR");
  command->add_flag("--resolved", flags->resolved, "print the recipe with every default spelled out");
  command->callback([=, &program] {
    try {
      check_recipe_file(flags->recipe);
    } catch (const Error& error) {
      print_mistakes(error, program.output);
      throw;
    }
    program.act(&Actions::check, *flags);
  });
}

}  // namespace limbeck
