#pragma once
// Folding merges adjacent linear operations into one. A linear bottleneck, W = U V (Ba and Caruana 2014, section 2.3),
// becomes one layer with the same outputs up to rounding:
//   U (V x + a) + b = (U V) x + (U a + b)
// and so does a layer followed by batch norm.
#include <ATen/core/Tensor.h>

#include <memory>

#include "nn/network.h"

namespace limbeck {

enum class Folding {
  never,
  where_smaller,  ///< if the product has no more parameters than its factors
  always,
};

/// Returns the graph with each pair of linear nodes, the second being the only user of the first, replaced by one node
/// with the second's name.
Graph fold(const Graph& graph, Folding folding);

/// Returns the network of the folded graph; products are computed in float64.
std::shared_ptr<GraphNetwork> fold(const GraphNetwork& network, Folding folding);

/// Parameters of a batch norm in evaluation mode. Folded into the preceding layer, they give the weight W γ / √(σ² + ε)
/// and the bias (b − μ) γ / √(σ² + ε) + β.
struct NormWeights {
  at::Tensor weight, bias, mean, variance;
};
LayerWeights with_batch_norm(const LayerWeights& layer, const NormWeights& norm, double epsilon);

/// Returns the graph without batch norms that are the only user of a linear or convolution layer. These layers get a
/// bias; features of such batch norms become features of the layer.
Graph fold_batch_norm(const Graph& graph);
/// Returns the network of that graph, for evaluation, on the same device; products are computed in float64.
std::shared_ptr<GraphNetwork> fold_batch_norm(const GraphNetwork& network);

/// Adds `offset` to the biases of these outputs. Throws Error if the last node is not a linear layer with a bias.
void shift_output_bias(GraphNetwork& network, const std::vector<int64_t>& classes, double offset);

}  // namespace limbeck
