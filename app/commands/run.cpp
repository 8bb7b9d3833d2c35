// limbeck run RECIPE
#include "app/commands.h"
#include "app/run_options.h"
#include "core/files.h"
#include "core/process.h"

namespace limbeck {

void add_run(Program& program) {
  CLI::App* command = add_command(program, "run", "Run a recipe: train its stages, evaluate them, write the report");
  auto recipe = std::make_shared<std::string>();
  auto flags = std::make_shared<RunFlags>();
  command->add_option("recipe", *recipe, "YAML file; `limbeck init` writes one to start from")->required()->type_name("RECIPE");
  auto help = std::make_shared<bool>(false);
  flags->add_to(*command, program);
  command->add_flag("--help-along", *help, "train members of ensembles and specialists beside another process that runs the same recipe into the same folder");
  command->callback([=, &program] {
    settle_process(program.arguments);
    if (*help) help_run(*recipe, *flags, program.output);
    else run_recipe(read_file(*recipe), *recipe, *flags, program.output);
  });
  command->footer(
      "A run that was stopped goes on where it was when the same command is given again; stages that are finished and "
      "unchanged are not run again.\n\n"
      "Example:  limbeck run recipes/hinton2015/mnist.yaml --out runs/mnist --seeds 3 --set stages.teacher.epochs=50");
}

}  // namespace limbeck
