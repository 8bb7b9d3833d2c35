#pragma once
// Training batch norm with the statistics of the parts that several processes have of a batch, as if one had it all
// (PyTorch's SyncBatchNorm). Statistics are summed in float64.
#include <ATen/core/Tensor.h>

#include <functional>

#include "kernels/fused_batch_norm.h"
#include "limbeck/operation.h"

namespace limbeck {

/// Sums values in place over the processes that compute a batch together.
using SumOverProcesses = std::function<void(const at::Tensor&)>;

/// Returns batch_norm(x) of x [N, C, …], this process's part. Updates the running statistics. Each process calls it in
/// the same order, forward and backward.
at::Tensor shared_batch_norm(const BatchNorm& op, const at::Tensor& x, const NormTensors& norm,
                             const SumOverProcesses& sum);

}  // namespace limbeck
