#pragma once
// CUDA graphs: the kernels that a piece of work launches, recorded once and launched as one.
#include "kernels/captured_function.h"

namespace limbeck {

/// Records on the current CUDA device. Empty where LibTorch was built without CUDA.
Recorder cuda_graphs();

}  // namespace limbeck
