#pragma once
// Device and thread selection.
#include <ATen/core/Tensor.h>

#include "limbeck/run_options.h"

namespace limbeck {

/// Returns the device. Throws Error of kind usage if a CUDA device is requested but not available.
at::Device device_of(DeviceChoice choice);

/// Sets the number of threads for the whole process; 0: all available to this process.
void use_threads(int threads);

}  // namespace limbeck
