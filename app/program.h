#pragma once
// The command line: parses it, does what it asks for, prints. Errors become one message and an exit code: 0 done, 1 the
// run failed, 2 usage or recipe, 128 + n stopped by signal n after saving.
#include "app/actions.h"

namespace limbeck {

/// `actions`: nullptr where the engine has them.
int run_program(int argc, char** argv, const Actions* actions);

/// Has SIGHUP held off where it was when the program began, as nohup does it, whatever libraries made of it since.
void keep_hangup_held_off();

}  // namespace limbeck
