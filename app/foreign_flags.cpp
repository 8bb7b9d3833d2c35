#include "app/foreign_flags.h"

#include <CLI/CLI.hpp>

namespace limbeck {

void ForeignFlags::add_to(CLI::App& command) {
  command.add_option("--shape", shape, "one example of a model of elsewhere, which does not say it: 3x32x32")
      ->type_name("SHAPE");
  command
      .add_option("--input", input, "what is done to it first, as in a recipe: {size: 224, mean: [...], std: [...]}")
      ->type_name("YAML");
  command.add_option("--classes", classes, "their names: cat,dog (default: numbers)")
      ->delimiter(',')
      ->type_name("NAMES")
      ->needs("--shape");
}

}  // namespace limbeck
