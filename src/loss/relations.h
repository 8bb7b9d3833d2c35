#pragma once
// What losses share that compare relations within the features of a network: between examples, or between channels.
// Values and gradients are finite for zeros and for the largest numbers.
//
// Thread-safety: free functions of tensors.
#include <ATen/core/Tensor.h>

namespace limbeck {

/// x / max |x|, the largest over these dimensions; zeros stay zero. The divisor is a constant to the gradient, which is
/// right where the value does not depend on the scale of x.
at::Tensor by_largest(const at::Tensor& x, at::IntArrayRef dimensions);

/// Vectors along the last dimension, divided by their lengths.
at::Tensor unit_vectors(const at::Tensor& x);

/// X Xᵀ of matrices [..., rows, columns]: the products of all pairs of rows, [..., rows, rows].
at::Tensor gram(const at::Tensor& x);

}  // namespace limbeck
