#pragma once
// Batch norm in training, the sum with a shortcut, and a rectifier, in two passes over the image forward and two
// backward, on the CPU over images that lie in memory as [N, H, W, C]. LibTorch's operations, one after the other, are
// the oracle.

#include <ATen/core/Tensor.h>

#include "kernels/operation.h"
#include "kernels/rectifier.h"

namespace limbeck {

/// Tensors of a batch norm, each [C].
struct NormTensors {
  at::Tensor weight;
  at::Tensor bias;
  at::Tensor running_mean;
  at::Tensor running_variance;
};

/// rectified(batch_norm(x) + added) by the statistics of x [N, C, H, W] float32 on the CPU, `added` of the same shape
/// or undefined. Updates the running statistics. Sums over the batch are made in the same order for any number of
/// threads.
at::Tensor fused_batch_norm(const BatchNorm& op, const at::Tensor& x, const NormTensors& norm, const at::Tensor& added,
                            Rectifier rectifier);

}  // namespace limbeck
