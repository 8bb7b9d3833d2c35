#pragma once
// Folding: what is linear is multiplied out. A linear bottleneck, W = U V (Ba and Caruana 2014, section 2.3), becomes one layer
// with the same outputs to rounding:
//   U (V x + a) + b = (U V) x + (U a + b)
#include <memory>

#include "nn/network.h"

namespace limbeck {

enum class Folding {
  never,
  where_smaller,  ///< where the product has no more parameters than its factors
  always,
};

/// The graph with each pair of linear nodes, the second the only user of the first, as one node under the second's name.
Graph folded(const Graph& graph, Folding folding);

/// The network of that graph; products are made in float64.
std::shared_ptr<GraphNetwork> folded(const GraphNetwork& network, Folding folding);

/// Adds `offset` to the biases of these outputs. Throws Error where the last node is no linear one with a bias.
void shift_output_bias(GraphNetwork& network, const std::vector<int64_t>& classes, double offset);

}  // namespace limbeck
