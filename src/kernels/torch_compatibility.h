#pragma once
// What differs between the LibTorch versions that Limbeck builds against (1.13 of Debian 12, and 2.x), in one place.
#include <ATen/core/Tensor.h>
#include <torch/version.h>

namespace limbeck {

/// A pointer to read through. LibTorch 2 tells reading from writing, so that shared memory is copied only when written.
template <class T>
const T* read_pointer(const at::Tensor& tensor) {
#if TORCH_VERSION_MAJOR >= 2
  return tensor.const_data_ptr<T>();
#else
  return tensor.data_ptr<T>();
#endif
}

/// Whether programs that torch::jit::optimize_for_inference has rewritten run. Those of Debian 13's LibTorch 2.6 with
/// convolutions and pooling end in a segmentation fault, in Python too; torch::jit::freeze leaves out the step of
/// tensors in oneDNN's order.
inline constexpr bool kOptimizesForInference = TORCH_VERSION_MAJOR < 2;

}  // namespace limbeck
