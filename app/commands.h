#pragma once
// All subcommands, in the order in which --help shows them.
#include "app/command.h"

namespace limbeck {

void add_run(Program& program);

inline void add_commands(Program& program) {
  add_run(program);
}

}  // namespace limbeck
