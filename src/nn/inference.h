#pragma once
// Evaluation of many examples, in batches whose activations fit into memory.
//
//   // As network.forward(inputs, …), for any number of inputs:
//   const Outputs outputs = infer(network, inputs, {.taps = {"layer3"}});
#include <ATen/core/Tensor.h>

#include "nn/network.h"

namespace limbeck {

/// Estimates, from the input shape, the number of elements per example of the widest activation of a network with
/// unknown layers: as if its first layer had 64 channels at image resolution, or 16 elements per element of other
/// inputs.
int64_t estimated_widest_activation(const Shape& seen);

/// Returns the batch size, from 1 to 1000, at which the widest activation takes at most 256 MiB.
int64_t examples_at_once(const Network& network);

/// Joins the outputs of parts of a batch, at least one, along the first dimension.
Outputs join_parts(const std::vector<Outputs>& parts);

/// Runs network.forward in evaluation mode, in equal batches of at most examples_at_once(network). Throws Error for
/// options with noise, since in training the examples of a batch are not independent.
Outputs infer(const Network& network, const at::Tensor& inputs, const ForwardOptions& options);

}  // namespace limbeck
