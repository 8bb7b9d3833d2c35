#pragma once
// Environment variables that libraries read once, when they are loaded, before main: set them before starting the
// computing program, or set them and re-execute.
namespace limbeck {

/// Sets environment variables that the user has not set: OpenMP's wait policy and spin count, and, on processors with
/// AVX-512, OpenBLAS's kernels, which old versions choose wrongly. Returns whether any was set.
bool settle_environment();

/// Same, and configures malloc to keep freed memory, which it would otherwise return to the system and request again at
/// every training step. If any variable was set, re-executes the process (exec), so call this before any work. Returns
/// if nothing was set or exec fails.
void settle_process(char** arguments);

}  // namespace limbeck
