// limbeck run RECIPE
#include "app/commands/run.h"

#include "app/commands.h"
#include "recipe/recipe.h"

namespace limbeck {

void add_run(Program& program) {
  CLI::App* command = add_command(program, "run", "Run a recipe: train its stages, evaluate them, write the report");
  auto run = std::make_shared<RunCommand>();
  command->add_option("recipe", run->recipe, "YAML file; `limbeck init` writes one to start from")
      ->required()
      ->type_name("RECIPE");
  run->flags.add_to(*command, program);
  command->add_flag(
      "--help-along", run->helps_along,
      "join another process that runs the same recipe into the same folder, and train members of ensembles "
      "and specialists in parallel with it");
  command->callback([=, &program] {
    check_recipe_file(run->recipe);
    program.act(&Actions::run, *run);
  });
  command->footer(
      "A run that was stopped resumes when the same command is given again, with results that are bit-identical to "
      "those of a run that was not stopped. Stages that are finished and unchanged are not run again.\n\n"
      "Example:  limbeck run recipes/hinton2015/mnist.yaml --out runs/mnist --seeds 3 --set stages.teacher.epochs=50");
}

}  // namespace limbeck
