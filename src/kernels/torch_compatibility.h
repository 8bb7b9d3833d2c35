#pragma once
// Differences between the supported LibTorch versions (1.13 of Debian 12, and 2.x).
#include <ATen/core/Tensor.h>
#include <torch/version.h>

namespace limbeck {

/// Returns a read-only pointer to the data. LibTorch 2 distinguishes reading from writing, so that copy-on-write memory
/// is copied only when written.
template <class T>
const T* read_pointer(const at::Tensor& tensor) {
#if TORCH_VERSION_MAJOR >= 2
  return tensor.const_data_ptr<T>();
#else
  return tensor.data_ptr<T>();
#endif
}

/// Whether programs optimized by torch::jit::optimize_for_inference run correctly. With Debian 13's LibTorch 2.6, those
/// with convolutions and pooling crash with a segmentation fault, in Python too; torch::jit::freeze skips the
/// conversion to oneDNN tensor layouts.
inline constexpr bool kOptimizesForInference = TORCH_VERSION_MAJOR < 2;

}  // namespace limbeck
