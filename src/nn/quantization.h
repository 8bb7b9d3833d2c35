#pragma once
// Eight bits: what a network computes when its weights and activations are rounded to bytes, as integer arithmetic will
// compute it (Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
// Inference"; Krishnamoorthi 2018).
//
//   weights       w ≈ s_c q, q a signed byte, s_c = max |w_c| / kWeightLevels for each output (channel) c; no zero
//   point activations   x ≈ s (q − z), q an unsigned byte, s and z of a Quantize node, found on examples
//
//   const auto eight = quantized(*network, inputs);      // batch norm multiplied in, rounded, calibrated on these
//   inputs eight->forward(inputs, {}).logits;                   // as an integer runtime gives them, to rounding;
//   trained like any other network
#include <ATen/core/Tensor.h>

#include "kernels/byte_rounding.h"
#include "nn/network.h"

namespace limbeck {

/// The graph with batch norm multiplied in where it follows a layer, layers that round their weights, and a Quantize
/// node after everything whose values an integer runtime keeps as bytes: not between a layer and the ReLU that it ends
/// with, not after what only moves bytes (pooling by maximum, flattening, slices), and not after the logits.
Graph quantized(const Graph& graph);

/// The same with weights. `inputs` [N, …]: examples as the network takes them, from which the ranges of activations are
/// found. Throws Error where there are none.
std::shared_ptr<GraphNetwork> quantized(const GraphNetwork& network, const at::Tensor& inputs);

}  // namespace limbeck
