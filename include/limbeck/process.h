#pragma once
// Settings that libraries read once, when they are loaded, before main. Without them training on several threads may be
// many times slower wherever another program runs: idle OpenMP threads then occupy the processors.
//
//   int main(int argc, char** argv) {
//     limbeck::settle_process(argv);   // first of all
//
// Thread-safety: for the main thread, before there are others.
//
// A program that must not be started again sets the variables before it starts: OMP_WAIT_POLICY=passive,
// GOMP_SPINCOUNT=10000 and, on processors with AVX-512, OPENBLAS_CORETYPE=SkylakeX.
#include "limbeck/api.h"

namespace limbeck LIMBECK_API {

/// Sets those variables, unless they are set, and configures malloc to keep freed memory, which training asks for again
/// at every step. If any variable was set, the process starts again with the same arguments (exec), so call this before
/// any work and from the main thread. Returns if there was nothing to set, or if exec fails.
void settle_process(char** arguments);

}  // namespace LIMBECK_API
