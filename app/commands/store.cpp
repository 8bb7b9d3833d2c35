// limbeck store build|info|verify|index: the teacher's outputs of a stage, computed before it is trained.
#include "app/commands/store.h"

#include "app/commands.h"
#include "recipe/recipe.h"

namespace limbeck {
namespace {

void add_common(CLI::App& command, StoreFlags& flags, const Program& program) {
  command.add_option("recipe", flags.recipe, "YAML file with `store: FILE` on a stage's teacher")
      ->required()
      ->type_name("RECIPE");
  command.add_option("--stage", flags.stage, "whose teacher's store is meant (default: all that have one)");
  flags.run.add_to(command, program);
}

void add_build(CLI::App& store, Program& program) {
  CLI::App* command = store.add_subcommand(
      "build", "Fill the stores of a recipe; what is there already is kept, and a stopped build resumes");
  auto flags = std::make_shared<StoreFlags>();
  add_common(*command, *flags, program);
  command
      ->add_option("--feature", flags->features,
                   "feature of the teacher to keep beside its logits, and beside the features that the stage's losses "
                   "read; may be repeated")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command
      ->add_option("--shard", flags->shard,
                   "compute part K of N, in a file of its own beside the store's name; processes on any number of "
                   "machines compute others. Under torchrun, srun or mpirun, each rank computes its own")
      ->type_name("K/N");
  command->callback([=, &program] {
    check_recipe_file(flags->recipe);
    program.act(&Actions::build_store, *flags);
  });
}

void add_info(CLI::App& store, Program& program) {
  CLI::App* command = store.add_subcommand("info", "Say what a store holds");
  auto flags = std::make_shared<StoreInfoFlags>();
  command->add_option("file", flags->file, "safetensors file, or the name of a store that has shards")
      ->required()
      ->type_name("FILE");
  command->callback([=, &program] { program.act(&Actions::store_info, *flags); });
}

void add_verify(CLI::App& store, Program& program) {
  CLI::App* command = store.add_subcommand("verify", "Compute some of the stored outputs again and compare");
  auto flags = std::make_shared<StoreFlags>();
  add_common(*command, *flags, program);
  command->add_option("--samples", flags->samples, "outputs to compute again")
      ->check(CLI::Range(1, 10000000))
      ->capture_default_str();
  command->callback([=, &program] {
    check_recipe_file(flags->recipe);
    program.act(&Actions::verify_store, *flags);
  });
}

void add_index(CLI::App& store, Program& program) {
  CLI::App* command = store.add_subcommand(
      "index",
      "Join files of teacher outputs that another program wrote to one store: check them, list their checksums");
  auto flags = std::make_shared<StoreIndexFlags>();
  command->add_option("file", flags->file, "name of the store; FILE.index.json is written")
      ->required()
      ->type_name("FILE");
  command->add_option("shards", flags->shards, "its safetensors files, in the same folder")
      ->required()
      ->type_name("SHARD");
  command->callback([=, &program] { program.act(&Actions::index_store, *flags); });
}

}  // namespace

void add_store(Program& program) {
  CLI::App* command =
      add_command(program, "store", "Teacher outputs by example and view: fill a store, look at it, verify it");
  command->require_subcommand(1);
  command->fallthrough();  // --quiet and --json may stand behind the name of the inner subcommand too
  add_build(*command, program);
  add_info(*command, program);
  add_verify(*command, program);
  add_index(*command, program);
}

}  // namespace limbeck
