#pragma once
// Device and thread selection.
#include <ATen/core/Tensor.h>

namespace limbeck {

enum class DeviceChoice { cpu, cuda, automatic };

/// Returns the device. Throws Error of kind usage if a CUDA device is requested but not available.
at::Device device_of(DeviceChoice choice);

/// Sets the number of threads for the whole process; 0: all available to this process.
void use_threads(int threads);

}  // namespace limbeck
