#pragma once
// Folding: adjacent linear operations are multiplied into one. A linear bottleneck, W = U V (Ba and Caruana 2014,
// section 2.3), becomes one layer with the same outputs to rounding:
//   U (V x + a) + b = (U V) x + (U a + b)
// and so does a layer that batch norm follows.
#include <ATen/core/Tensor.h>

#include <memory>

#include "nn/network.h"

namespace limbeck {

enum class Folding {
  never,
  where_smaller,  ///< where the product has no more parameters than its factors
  always,
};

/// The graph with each pair of linear nodes, the second the only user of the first, as one node under the second's
/// name.
Graph fold(const Graph& graph, Folding folding);

/// The network of that graph; products are made in float64.
std::shared_ptr<GraphNetwork> fold(const GraphNetwork& network, Folding folding);

/// A layer's weight [outputs, …] and bias, undefined where it has none.
struct LayerWeights {
  at::Tensor weight, bias;
};
/// Batch norm in evaluation, folded into the layer before it: that layer with W γ / √(σ² + ε) and (b − μ) γ / √(σ² + ε)
/// + β.
struct NormWeights {
  at::Tensor weight, bias, mean, variance;
};
LayerWeights with_batch_norm(const LayerWeights& layer, const NormWeights& norm, double epsilon);

/// The graph without the batch norms that alone take what a linear layer or a convolution gives; these layers have a
/// bias, and a feature that was such a batch norm is its layer.
Graph fold_batch_norm(const Graph& graph);
/// The network of that graph, for evaluation, on the same device; products are made in float64.
std::shared_ptr<GraphNetwork> fold_batch_norm(const GraphNetwork& network);

/// Adds `offset` to the biases of these outputs. Throws Error where the last node is no linear one with a bias.
void shift_output_bias(GraphNetwork& network, const std::vector<int64_t>& classes, double offset);

}  // namespace limbeck
