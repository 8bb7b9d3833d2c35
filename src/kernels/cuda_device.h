#pragma once
// What a CUDA device can do.
#include <ATen/core/Tensor.h>

namespace limbeck {

/// Returns whether the device computes products of bfloat16 faster than of float32: CUDA devices of compute capability
/// 8.0 and above.
bool has_bfloat16(at::Device device);

}  // namespace limbeck
