#pragma once
// Fused training batch norm, residual sum and rectifier: two passes over the image forward and two backward, on the
// CPU, in channels_last layout [N, H, W, C]. The unfused LibTorch operations are the reference.

#include <ATen/core/Tensor.h>

#include "kernels/rectifier.h"
#include "limbeck/operation.h"

namespace limbeck {

/// Parameters and running statistics of a batch norm, each [C].
struct NormTensors {
  at::Tensor weight;
  at::Tensor bias;
  at::Tensor running_mean;
  at::Tensor running_variance;
};

/// Returns rectified(batch_norm(x) + added) with the batch statistics of x [N, C, H, W] float32 on the CPU; `added` has
/// the same shape or is undefined. Updates the running statistics. Deterministic: sums over the batch have the same
/// order for any number of threads.
at::Tensor fused_batch_norm(const BatchNorm& op, const at::Tensor& x, const NormTensors& norm, const at::Tensor& added,
                            Rectifier rectifier);

}  // namespace limbeck
