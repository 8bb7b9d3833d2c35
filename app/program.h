#pragma once
// The command line: parses it, runs the command and prints the result. Errors become one message and an exit code: 0
// done, 1 the run failed, 2 usage or recipe, 128 + n stopped by signal n after saving.
#include "app/actions.h"

namespace limbeck {

/// `actions`: nullptr in the program without LibTorch, which starts the engine for them.
int run_program(int argc, char** argv, const Actions* actions);

}  // namespace limbeck
