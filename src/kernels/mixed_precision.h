#pragma once
// LibTorch's automatic mixed precision for as long as the object lives: products and convolutions take their factors in
// bfloat16, what is sensitive (losses, normalisation, sums) stays in float32, and so do the parameters (Micikevicius et
// al. 2018; bfloat16 needs no loss scaling).
//
//   const MixedPrecision mixed(at::kCUDA);
//   at::Tensor y = at::conv2d(x, w);   // bfloat16
#include <ATen/core/Tensor.h>

namespace limbeck {

class MixedPrecision {
 public:
  /// For operations on this kind of device, CPU or CUDA, on this thread.
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
