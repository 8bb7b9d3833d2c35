#pragma once
// Vectors of length 1, for losses that compare directions.
#include <ATen/core/Tensor.h>

namespace limbeck {

/// Returns rows [N, D] divided by their length; rows of zeros remain zeros, with a finite gradient.
at::Tensor unit_rows(const at::Tensor& rows);

}  // namespace limbeck
