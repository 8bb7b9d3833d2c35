#pragma once
// On what a run computes.
#include <ATen/core/Tensor.h>

namespace limbeck {

enum class DeviceChoice { cpu, cuda, automatic };

/// Throws Error of kind usage where a CUDA device is asked for and there is none.
at::Device device_of(DeviceChoice choice);

/// Sets the number of threads of everything in this process; 0: as many as this process may use.
void use_threads(int threads);

}  // namespace limbeck
