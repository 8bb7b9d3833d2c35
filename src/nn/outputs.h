#pragma once
// Outputs of networks and teachers: all that losses see of them.

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "recipe/ensemble_mean.h"

namespace limbeck {

/// Outputs of a student, with gradients.
struct Outputs {
  at::Tensor logits;                           ///< [N, C]
  std::map<std::string, at::Tensor> features;  ///< the tapped nodes, by name
  std::vector<at::Tensor> members;             ///< of a committee: each network's logits [N, C]; otherwise empty
  /// Logits [N, C] of all networks that are trained together with this one, itself included, without gradient; empty
  /// where it is trained alone.
  std::vector<at::Tensor> community;
};

/// Outputs of a teacher, without gradients.
struct TeacherOutputs {
  at::Tensor logits;  ///< [N, C]; undefined where the stage has no teacher
  std::map<std::string, at::Tensor> features;
  /// [N, M, C], where the distribution is the arithmetic mean of those of M networks: it has no logits that serve at
  /// every T, and `logits` are the logarithm of the mean distribution at T = 1.
  at::Tensor members;

  /// The logarithm of the teacher's distribution at temperature T, [N, C].
  at::Tensor log_probabilities(double temperature) const;
};

/// Statistics of each of the teacher's logits over the training set.
struct TeacherStatistics {
  at::Tensor mean;       ///< [C]
  at::Tensor deviation;  ///< [C], of the population: the root of the mean squared distance from the mean
};
/// Of logits [n, C], n ≥ 1; summed in float64, given in the type of the logits.
TeacherStatistics statistics_of(const at::Tensor& logits);

/// log (1/M) Σ_m softmax(v_m / T) of members [N, M, C], in log space: [N, C].
at::Tensor log_mean_distribution(const at::Tensor& members, double temperature);

}  // namespace limbeck
