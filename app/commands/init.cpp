// limbeck init [FILE]
#include <fmt/core.h>

#include "app/commands.h"
#include "core/error.h"
#include "core/files.h"

namespace limbeck {
namespace {

constexpr const char* kRecipe =
    R"(# A recipe: what `limbeck run` does. This one takes about a minute on two cores and needs no files.
# `limbeck check FILE --resolved` shows every default; `limbeck list losses` (networks, data, …) what can stand here.
name: first-distillation
seed: 1

data:
  source: digits          # built-in; `mnist` for the real ones (limbeck data fetch mnist)
  validation: 5000        # training examples held out; nothing is ever chosen on the test split

networks:
  large: { mlp: { hidden: [800, 800], dropout: { input: 0.1, hidden: 0.3 } } }
  small: { mlp: { hidden: [32, 32] } }

stages:                   # in this order; a stage names its inputs by the names of earlier stages
  - name: teacher
    train: large
    epochs: 6
    augment: { shift: 2 } # moves each image by up to 2 pixels, another way each epoch

  - name: baseline        # the small network on labels alone
    train: small
    epochs: 10

  - name: distilled       # the same network, from the teacher's soft targets
    train: small
    epochs: 10
    teacher: teacher
    loss:
      - soft_targets: { temperature: 4, weight: 0.9 }  # try --set stages.distilled.loss.soft_targets.temperature=1
      - hard_labels: { weight: 0.1 }
)";

}  // namespace

void add_init(Program& program) {
  CLI::App* command = add_command(program, "init", "Write a commented recipe that runs, to start from");
  auto file = std::make_shared<std::string>("recipe.yaml");
  auto force = std::make_shared<bool>(false);
  command->add_option("file", *file, "where to write it")->capture_default_str()->type_name("FILE");
  command->add_flag("--force", *force, "overwrite an existing file");
  command->callback([=, &program] {
    if (fs::exists(*file) && !*force)
      throw Error(ErrorKind::usage, fmt::format("'{}' exists; give another name, or --force to overwrite it", *file));
    write_file(*file, kRecipe);
    if (!program.output.quiet) print_out("Wrote {}. Run it with:  limbeck run {}\n", *file, *file);
  });
}

}  // namespace limbeck
