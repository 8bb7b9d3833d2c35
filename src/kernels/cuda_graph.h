#pragma once
// CUDA graphs: captures the kernels of a piece of work to launch them as one.
#include "kernels/captured_work.h"

namespace limbeck {

/// Returns a recorder for the current CUDA device; empty if LibTorch was built without CUDA.
Recorder cuda_graphs();

}  // namespace limbeck
