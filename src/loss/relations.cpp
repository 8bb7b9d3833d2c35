#include "loss/relations.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/where.h>

namespace limbeck {

at::Tensor by_largest(const at::Tensor& x, at::IntArrayRef dimensions) {
  constexpr double kZero = 1e-30;  // the inverse of a smaller one may not be a float
  const at::Tensor largest = x.detach().abs().amax(dimensions, /*keepdim=*/true);
  return x / at::where(largest.gt(kZero), largest, at::ones_like(largest));
}

at::Tensor unit_vectors(const at::Tensor& x) {
  constexpr double kZero = 0.5;  // others have a length of at least 1
  const at::Tensor scaled = by_largest(x, {-1});
  return scaled / scaled.norm(2, {-1}, /*keepdim=*/true).clamp_min(kZero);
}

at::Tensor gram(const at::Tensor& x) {
  return at::matmul(x, x.transpose(-2, -1));
}

}  // namespace limbeck
