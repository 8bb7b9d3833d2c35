#pragma once
// Environment variables that libraries read when they are loaded (limbeck/process.h).
#include "limbeck/process.h"

namespace limbeck {

/// Sets environment variables that the user has not set: OpenMP's wait policy and spin count, and, on processors with
/// AVX-512, OpenBLAS's kernels, which old versions choose wrongly. Returns whether any was set.
bool settle_environment();
/// Whether OpenMP's wait policy was chosen, by settle_environment() or by the user.
bool has_wait_policy();

}  // namespace limbeck
