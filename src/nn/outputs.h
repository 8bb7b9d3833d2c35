#pragma once
// What networks and teachers give. Losses see these and nothing else of them.
#include <torch/types.h>

#include <map>
#include <string>
#include <vector>

#include "recipe/ensemble_mean.h"

namespace limbeck {

/// Of a student: carries gradients.
struct Outputs {
  torch::Tensor logits;                           ///< [N, C]
  std::map<std::string, torch::Tensor> features;  ///< the tapped nodes, by name
  std::vector<torch::Tensor> members;             ///< of a committee: each network's logits [N, C]; otherwise empty
  /// Logits [N, C] of all networks that are trained together with this one, itself included, without gradient; empty where it
  /// is trained alone.
  std::vector<torch::Tensor> community;
};

/// Of a teacher: carries no gradients.
struct TeacherOutputs {
  torch::Tensor logits;                           ///< [N, C]; undefined where the stage has no teacher
  std::map<std::string, torch::Tensor> features;
  /// [N, M, C], where the distribution is the arithmetic mean of those of M networks: it has no logits that serve at every T,
  /// and `logits` are the logarithm of the mean distribution at T = 1.
  torch::Tensor members;

  /// The logarithm of the teacher's distribution at temperature T, [N, C].
  torch::Tensor log_probabilities(double temperature) const;
};

/// Of each of the teacher's logits over the training set.
struct TeacherStatistics {
  torch::Tensor mean;       ///< [C]
  torch::Tensor deviation;  ///< [C], of the population: the root of the mean squared distance from the mean
};
/// Of logits [n, C], n ≥ 1; summed in float64, given in the type of the logits.
TeacherStatistics statistics_of(const torch::Tensor& logits);

/// log (1/M) Σ_m softmax(v_m / T) of members [N, M, C], in log space: [N, C].
torch::Tensor log_mean_distribution(const torch::Tensor& members, double temperature);

}  // namespace limbeck
