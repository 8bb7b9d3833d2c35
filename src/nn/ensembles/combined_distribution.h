#pragma once
// Combines several distributions, some over a subset of the classes only, into the single distribution that agrees best
// with all: merges specialists and a generalist (Hinton, Vinyals, Dean 2015, section 5.3).
//
//   minimise over q:   KL(p^g, q) + Σ_m KL(p^m, q)                  Divergence::forward, as in the paper
//                      KL(q, p^g) + Σ_m KL(q, p^m)                  Divergence::reverse
//
// A specialist's distribution covers its classes S_m and a dustbin, which is compared with the sum of q over all other
// classes. If every model covers all classes, the solutions are the arithmetic and the geometric mean.
//
// Both are solved by mirror descent with the step 1/(number of models), which never increases the objective:
//   forward:   q_c ← (1/M) Σ_m t^m_c
//              t^m_c = p^m_c for c in S_m,  p^m_dustbin q_c / Σ_{k not in S_m} q_k elsewhere
//   reverse:   log q_c ← log q_c − (1/M) Σ_m a^m_c + constant
//              a^m_c = log(q_c / p^m_c) for c in S_m,  log(Σ_{k not in S_m} q_k / p^m_dustbin) elsewhere
// Each example is iterated until no probability changes by more than tolerance / M. With z = log q the gradient of the
// forward objective is M (q_old − q_new), so the tolerance bounds it.
//
//   const SpecialistOpinion opinion{.classes = {3, 5, 9}, .log_probabilities = lp, .rows = rows};
//   at::Tensor q = combined_distribution(generalist, {opinion}, {}).log_probabilities;

#include <ATen/core/Tensor.h>

#include <vector>

#include "recipe/divergence.h"

namespace limbeck {

/// A specialist's output for some of the examples.
struct SpecialistOpinion {
  std::vector<int64_t> classes;  ///< S_m; empty: all classes, without a dustbin
  at::Tensor log_probabilities;  ///< [n, |S_m| + 1], the dustbin last; or [n, C]
  at::Tensor rows;               ///< [n] int64: indices of the examples
};

struct CombinationOptions {
  Divergence divergence = Divergence::forward;
  double tolerance = 1e-6;  ///< largest element of the gradient
  int64_t most_steps = 2000;
};

struct CombinedDistribution {
  at::Tensor log_probabilities;  ///< [N, C] float32
  int64_t steps = 0;             ///< maximum over the examples
  int64_t unfinished = 0;        ///< examples that reached most_steps
};

/// Combines the distributions. generalist [N, C]: log-probabilities on the CPU. Throws Error for unknown or repeated
/// classes, mismatched shapes, or invalid rows.
CombinedDistribution combined_distribution(const at::Tensor& generalist,
                                           const std::vector<SpecialistOpinion>& specialists,
                                           const CombinationOptions& options);

}  // namespace limbeck
