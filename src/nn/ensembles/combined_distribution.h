#pragma once
// The one distribution that agrees best with several, some of which know a part of the classes only: how specialists
// and a generalist are brought together (Hinton, Vinyals, Dean 2015, section 5.3).
//
//   minimise over q:   KL(p^g, q) + Σ_m KL(p^m, q)                  Divergence::forward, as in the paper
//                      KL(q, p^g) + Σ_m KL(q, p^m)                  Divergence::reverse
//
// A specialist's distribution is over its classes S_m and a dustbin, which is compared with the sum of q over all other
// classes. Where every model is full, the solutions are the arithmetic and the geometric mean.
//
// Both are solved by gradient descent in the geometry of distributions (mirror descent) with the step 1/(number of
// models), which never makes the objective larger:
//   forward:   q_c ← (1/M) Σ_m t^m_c
//              t^m_c = p^m_c for c in S_m,  p^m_dustbin q_c / Σ_{k not in S_m} q_k elsewhere
//   reverse:   log q_c ← log q_c − (1/M) Σ_m a^m_c + constant
//              a^m_c = log(q_c / p^m_c) for c in S_m,  log(Σ_{k not in S_m} q_k / p^m_dustbin) elsewhere
// Each example goes on until no probability changes by more than tolerance / M. With z = log q the gradient of the
// forward objective is M (q_old − q_new): the tolerance bounds it.
//
//   const SpecialistOpinion opinion{.classes = {3, 5, 9}, .log_probabilities = lp, .rows = rows};
//   at::Tensor q = combined_distribution(generalist, {opinion}, {}).log_probabilities;

#include <ATen/core/Tensor.h>

#include <vector>

#include "recipe/divergence.h"

namespace limbeck {

/// What one specialist says of some of the examples.
struct SpecialistOpinion {
  std::vector<int64_t> classes;  ///< S_m; empty: all, and there is no dustbin
  at::Tensor log_probabilities;  ///< [n, |S_m| + 1], the dustbin last; or [n, C]
  at::Tensor rows;               ///< [n] int64: the examples they are of
};

struct CombinationOptions {
  Divergence divergence = Divergence::forward;
  double tolerance = 1e-6;  ///< largest element of the gradient
  int64_t most_steps = 2000;
};

struct CombinedDistribution {
  at::Tensor log_probabilities;  ///< [N, C] float32
  int64_t steps = 0;             ///< the most that an example took
  int64_t unfinished = 0;        ///< examples that took all steps
};

/// generalist [N, C]: logarithms of probabilities, on the CPU. Throws Error where a class does not exist or stands
/// twice, shapes do not fit, or a row does not exist.
CombinedDistribution combined_distribution(const at::Tensor& generalist,
                                           const std::vector<SpecialistOpinion>& specialists,
                                           const CombinationOptions& options);

}  // namespace limbeck
