#pragma once
// Device and thread selection.
#include <ATen/core/Tensor.h>

#include "limbeck/run_options.h"

namespace limbeck {

/// Returns the device: of several CUDA devices the first; of a rank (ranks/launch.h) that of its place on its host,
/// where ranks beyond the last device share them. Throws Error of kind usage if a CUDA device is requested but not
/// available.
at::Device device_of(DeviceChoice choice, int local_rank = 0);

/// Sets whether float32 products and convolutions on a CUDA device may round their factors to TF32, for the whole
/// process.
void use_tf32(bool on);

/// Lets this thread and those of its loops take denormal numbers as zeros.
void flush_denormals();

/// Returns the number of threads for each of so many processes that share this machine, at least 1.
int threads_beside(int processes);

/// Sets the number of threads for the whole process, whose loops flush denormals; 0: all available to this process.
void use_threads(int threads);

}  // namespace limbeck
