#pragma once
// Implements each operation of a graph with LibTorch's operations, on any device. The reference for all fused paths.

#include <ATen/core/Tensor.h>

#include <vector>

#include "kernels/noise.h"
#include "limbeck/operation.h"

namespace limbeck {

/// The parameters and buffers of a node, in the order of Graph::parameters_of and buffers_of (nn/graph.h).
struct OperationContext {
  std::vector<at::Tensor> parameters;
  std::vector<at::Tensor> buffers;
  const Noise* noise = nullptr;  ///< if given: training pass, in which batch norm updates its buffers
};

/// Returns the output [N, …] of a node for inputs [N, …].
at::Tensor run_operation(const Operation& operation, const std::vector<at::Tensor>& inputs,
                         const OperationContext& context);

/// Resizing as two matrix products, for runtimes without antialiased downsampling:  rows [height, H] · x [C, H, W] ·
/// columns [W, width].
struct ResizeWeights {
  at::Tensor rows, columns;
};
ResizeWeights resize_weights(const Resize& resize, const Shape& input);

}  // namespace limbeck
