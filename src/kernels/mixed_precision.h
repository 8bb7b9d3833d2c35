#pragma once
// Scope guard for LibTorch's automatic mixed precision (autocast): matrix products and convolutions use bfloat16
// factors; sensitive operations (losses, normalization, sums) and parameters stay in float32 (Micikevicius et al. 2018;
// bfloat16 needs no loss scaling).
//
//   const MixedPrecision mixed(at::kCUDA);
//   at::Tensor y = at::conv2d(x, w);   // bfloat16
#include <ATen/core/Tensor.h>

namespace limbeck {

class MixedPrecision {
 public:
  /// Enables autocast for this device type, CPU or CUDA, on this thread.
  explicit MixedPrecision(at::DeviceType device);
  ~MixedPrecision();
  MixedPrecision(const MixedPrecision&) = delete;
  MixedPrecision& operator=(const MixedPrecision&) = delete;

 private:
  at::DeviceType device_;
  bool was_enabled_ = false;
  at::ScalarType was_type_ = at::kFloat;
};

}  // namespace limbeck
