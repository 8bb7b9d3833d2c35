#pragma once
// The Kullback-Leibler divergence of distributions that are given in log space.
#include <ATen/core/Tensor.h>

namespace limbeck {

/// p (log p − log q), element by element. log p and log q are finite, so that p = 0 gives 0.
inline at::Tensor divergence_terms(const at::Tensor& log_p, const at::Tensor& log_q) {
  return log_p.exp() * (log_p - log_q);
}

/// Σ_c p_c (log p_c − log q_c) of each row: [N, C] → [N].
inline at::Tensor divergence_of_rows(const at::Tensor& log_p, const at::Tensor& log_q) {
  return divergence_terms(log_p, log_q).sum(1);
}

}  // namespace limbeck
