#pragma once
// Int8 quantization: simulates the computation of an integer runtime, with weights and activations rounded to 8 bits.
// The result is an ordinary network: evaluated as it is (post-training quantization), or trained further
// (quantization-aware fine-tuning). B. Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient
// Integer-Arithmetic-Only Inference"; R. Krishnamoorthi 2018.
//
//   weights       w ≈ s_c q, q int8, s_c = max |w_c| / kWeightLevels for each output channel c; no zero point
//   activations   x ≈ s (q − z), q uint8; s and z of a Quantize node, calibrated on examples
//
//   const auto int8 = quantize(*network, inputs);   // batch norm folded in, ranges calibrated on these inputs
//   int8->forward(inputs, {}).logits;               // as an integer runtime computes them, but for rounding
#include <ATen/core/Tensor.h>

#include "kernels/byte_rounding.h"
#include "nn/network.h"

namespace limbeck {

/// Returns the quantized graph: batch norm folded into the preceding layer, layers with quantized weights, and a
/// Quantize node wherever an integer runtime stores values as int8. There is none between a layer and its ReLU, after
/// operations that only move values (max pooling, flattening, slices), or after the logits.
Graph quantize(const Graph& graph);

/// Quantizes a network. The ranges of activations are calibrated on `inputs` [N, …]. Throws Error if there are none.
std::shared_ptr<GraphNetwork> quantize(const GraphNetwork& network, const at::Tensor& inputs);

}  // namespace limbeck
