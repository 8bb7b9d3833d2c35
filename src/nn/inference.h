#pragma once
// Evaluation of many examples, in batches whose activations fit into memory.
//
//   // As network.forward(inputs, …), for any number of inputs:
//   const Outputs outputs = infer(network, inputs, {.taps = {"layer3"}});
#include <ATen/core/Tensor.h>

#include "nn/network.h"

namespace limbeck {

/// An estimate, from the shape of the input, of the numbers of one example in the widest activation of a network whose
/// layers are unknown: as if its first layer had 64 channels at the size of the image, or 16 numbers for each number of
/// other inputs.
int64_t estimated_widest_activation(const Shape& seen);

/// Examples of which the widest activation takes at most 256 MiB, from 1 to 1000.
int64_t examples_at_once(const Network& network);

/// What network.forward gives in evaluation, computed in equal parts of at most examples_at_once(network) each. Throws
/// Error for options with noise: in training the examples of a batch have to do with each other.
Outputs infer(const Network& network, const at::Tensor& inputs, const ForwardOptions& options);

}  // namespace limbeck
