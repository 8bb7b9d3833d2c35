#pragma once
// Losses that are a sum over the rows of the logits, computed with their gradient in one pass: for ten classes a dozen
// tensor operations would cost more than the arithmetic. Tensor operations serve everywhere else, and are the oracle of
// this pass.

#include <ATen/core/Tensor.h>

#include <functional>

namespace limbeck {

/// The loss of one row z [C]; writes its gradient [C].
using RowLoss = std::function<double(int64_t row, const float* z, float* gradient)>;

/// True for float32 on the CPU, of a size at which one thread is faster than many.
bool can_go_rowwise(const at::Tensor& logits);

/// scale · Σ_n loss(n, z_n), a scalar through which gradients flow to logits [N, C]; second derivatives are an Error.
at::Tensor rowwise(const at::Tensor& logits, double scale, const RowLoss& loss);

/// log softmax(z / T) of one row of C numbers.
void log_softmax_row(const float* z, int64_t classes, double temperature, float* log_q);

}  // namespace limbeck
