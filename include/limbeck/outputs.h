#pragma once
// Outputs of networks and teachers, as seen by losses (loss.h). N examples, C classes.
//
// Thread-safety: values that share their tensors; several threads may read one that none of them changes.

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "limbeck/api.h"

namespace limbeck LIMBECK_API {

/// Outputs of a student, with gradients.
struct Outputs {
  at::Tensor logits;                           ///< [N, C]
  std::map<std::string, at::Tensor> features;  ///< outputs of tapped nodes, by name
  std::vector<at::Tensor> members;             ///< of an ensemble: each member's logits [N, C]; otherwise empty
  /// Logits [N, C], without gradient, of all networks that are trained jointly with this one, including itself; empty
  /// if it is trained alone.
  std::vector<at::Tensor> community;
};

/// Outputs of a teacher, without gradients.
struct TeacherOutputs {
  at::Tensor logits;  ///< [N, C]; undefined if the stage has no teacher
  std::map<std::string, at::Tensor> features;
  /// [N, M, C], if the distribution is the arithmetic mean of M networks. It then has no logits valid at every T, and
  /// `logits` are the logarithm of the mean distribution at T = 1.
  at::Tensor members;

  /// Returns the log-probabilities of the teacher at temperature T, [N, C].
  at::Tensor log_probabilities(double temperature) const;
};

/// Statistics of the teacher's logits over the training set, per class.
struct TeacherStatistics {
  at::Tensor mean;       ///< [C]
  at::Tensor deviation;  ///< [C], population standard deviation
};
/// Computes the statistics of logits [n, C], n ≥ 1; accumulates in float64, returns the type of the logits.
TeacherStatistics statistics_of(const at::Tensor& logits);

/// Returns log (1/M) Σ_m softmax(v_m / T) of members [N, M, C], computed in log space: [N, C].
at::Tensor log_mean_distribution(const at::Tensor& members, double temperature);

}  // namespace LIMBECK_API
