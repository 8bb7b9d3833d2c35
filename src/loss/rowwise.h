#pragma once
// Fused forward and backward for losses that are a sum over the rows of the logits: for ten classes, the overhead of a
// dozen tensor operations exceeds the arithmetic. All other cases use tensor operations, which are also the reference
// in tests.

#include <ATen/core/Tensor.h>

#include <functional>

namespace limbeck {

/// Returns the loss of one row z [C] and writes its gradient [C].
using RowLoss = std::function<double(int64_t row, const float* z, float* gradient)>;

/// Returns true for float32 logits [N, C] on the CPU with at most 2^15 elements, where one thread is faster than many.
bool can_go_rowwise(const at::Tensor& logits);

/// Returns true for float32 logits [N, C] on another device, where a loss is one operator (device/operators.h).
bool is_on_device(const at::Tensor& logits);

/// Returns the scalar scale · Σ_n loss(n, z_n), differentiable with respect to logits [N, C]. Second derivatives throw
/// Error.
at::Tensor rowwise(const at::Tensor& logits, double scale, const RowLoss& loss);

/// Writes log softmax(z / T) of one row of C logits.
void log_softmax_row(const float* z, int64_t classes, double temperature, float* log_q);

}  // namespace limbeck
