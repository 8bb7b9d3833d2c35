#pragma once
// What each operation of a graph computes, by LibTorch's own operations: on any device, and the oracle of every fused
// path.

#include <ATen/core/Tensor.h>

#include <vector>

#include "kernels/noise.h"
#include "kernels/operation.h"

namespace limbeck {

/// What one node computes with. Parameters and buffers are in the order of Graph::parameters_of and buffers_of
/// (nn/graph.h).
struct OperationContext {
  std::vector<at::Tensor> parameters;
  std::vector<at::Tensor> buffers;
  const Noise* noise = nullptr;  ///< given: a training pass, in which batch norm updates its buffers
};

/// The output [N, …] of a node for inputs [N, …].
at::Tensor run_operation(const Operation& operation, const std::vector<at::Tensor>& inputs,
                         const OperationContext& context);

/// Resizing as two products, for runtimes that know no averaging where it shrinks:  rows [height, H] · x [C, H, W] ·
/// columns [W, width].
struct ResizeWeights {
  at::Tensor rows, columns;
};
ResizeWeights resize_weights(const Resize& resize, const Shape& input);

}  // namespace limbeck
