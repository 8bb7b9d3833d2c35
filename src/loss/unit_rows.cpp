#include "loss/unit_rows.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/where.h>

namespace limbeck {

at::Tensor unit_rows(const at::Tensor& rows) {
  // In units of the largest, as a constant: the same direction and gradient, and no square overflows.
  const at::Tensor largest = rows.detach().abs().amax({1}, /*keepdim=*/true);
  const at::Tensor is_zero = largest.eq(0), one = at::ones_like(largest);
  const at::Tensor scaled = rows / at::where(is_zero, one, largest);
  return scaled / at::where(is_zero, one, scaled.norm(2, {1}, /*keepdim=*/true));
}

}  // namespace limbeck
