#include "app/foreign_flags.h"

#include <CLI/CLI.hpp>

namespace limbeck {

void ForeignFlags::add_to(CLI::App& command) {
  command.add_option("--shape", shape, "shape of one example, for a file that Limbeck did not write: 3x32x32")
      ->type_name("SHAPE");
  command
      .add_option("--input", input,
                  "its resizing and normalization, as in a recipe: {size: 224, mean: [...], std: [...]}")
      ->type_name("YAML");
  command.add_option("--classes", classes, "their names: cat,dog (default: numbers)")
      ->delimiter(',')
      ->type_name("NAMES")
      ->needs("--shape");
}

}  // namespace limbeck
