// limbeck sweep RECIPE … --over KEY=VALUES …
#include "app/commands/sweep.h"

#include "app/commands.h"
#include "app/run_flags.h"
#include "recipe/recipe.h"

namespace limbeck {

void add_sweep(Program& program) {
  CLI::App* command = add_command(program, "sweep",
                                  "Run a recipe at many points: every combination of values, or random ones; "
                                  "or several recipes");
  auto flags = std::make_shared<SweepFlags>();
  command->add_option("recipe", flags->recipes, "YAML file, or several")->required()->type_name("RECIPE");
  command->add_option("--over", flags->over, "values of a key, as lists or ranges; may be repeated")
      ->type_name("KEY=V1,V2,…")
      ->allow_extra_args(false);
  command->add_option("--random", flags->random, "draw so many points instead of running every combination")
      ->check(CLI::Range(int64_t{1}, int64_t{9999}))
      ->type_name("N");
  command->add_option("--out", flags->out, "folder for everything the sweep leaves (default: runs/NAME-sweep)")
      ->type_name("DIR");
  command->add_flag("--force", flags->force,
                    "take the folder although it holds other files under the names that a sweep writes");
  command->add_option("--reuse", flags->reuse, "reuse finished, identical stages of another run; may be repeated")
      ->type_name("DIR")
      ->allow_extra_args(false);
  command->add_option("--data", flags->data, "where the data sets are (default: $LIMBECK_DATA, then the cache folder)")
      ->type_name("DIR");
  command->add_option("--set", flags->settings, "change one value of the recipe at all points; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command
      ->add_option("--seed", flags->seed, "seed of all randomness, that of --random among it (default: the recipe's)")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 52))
      ->option_text("N");
  command->add_option("--seeds", flags->seeds, "run so many seeds at every point, from --seed on")
      ->check(CLI::Range(1, 1000));
  command->add_option("--stage", flags->stage, "whose results are shown (default: the last)")->type_name("NAME");
  command->add_option("--metric", flags->metric, "the metric that is shown")->capture_default_str()->type_name("KEY");
  command->add_option("--device", flags->device, "cpu, cuda or auto")
      ->check(CLI::IsMember({"cpu", "cuda", "auto"}))
      ->capture_default_str();
  add_cuda_graph_flags(*command, flags->cuda_graphs);
  command
      ->add_option("--jobs", flags->jobs,
                   "processes at a time (default: as many as processor threads; on a GPU none: up to four "
                   "points share it in this process)")
      ->check(CLI::Range(1, 1024));
  command->add_option("--threads", flags->threads, "processor threads of all runs together (default: all)")
      ->check(CLI::Range(1, 1024));
  command->add_flag("--help-along", flags->helps_along,
                    "run points of a sweep that another process leads, on this host or another, by the same command "
                    "otherwise");
  command->add_flag("--tensorboard", flags->tensorboard, "every run writes event files: tensorboard --logdir OUT");
  command->callback([=, &program] {
    for (const std::string& recipe : flags->recipes) check_recipe_file(recipe);
    program.act(&Actions::sweep, *flags);
  });
  command->footer(
      "--over KEY=1,2,4           a list; values are YAML\n"
      "--over A,B=[9,1],[5,5]     keys that move together\n"
      "--over KEY=1..20           with --random: uniform; whole numbers where the key takes no others\n"
      "--over KEY=1e-4..1e-1:log  with --random: uniform in the logarithm\n\n"
      "Stages that points have in common, such as the teacher, are trained once. A sweep that was stopped resumes when "
      "the same command is given again; points that are done are kept when the lists change.\n\n"
      "On further hosts that share the folder, or in further terminals, the same command with --help-along "
      "runs points that no other process runs.\n\n"
      "Of several recipes, each is a point, or runs at all points; all need the stage whose results are shown.\n\n"
      "Example:  limbeck sweep my.yaml --over stages.distilled.loss.soft_targets.temperature=1,2,4,8 --seeds 3\n"
      "          limbeck sweep recipes/cifar100/resnet56_resnet20/*.yaml --seeds 3");
}

}  // namespace limbeck
