#pragma once
// What networks and teachers give. Losses see these and nothing else of them.
#include <torch/types.h>

#include <map>
#include <string>

namespace limbeck {

/// Of a student: carries gradients.
struct Outputs {
  torch::Tensor logits;                           ///< [N, C]
  std::map<std::string, torch::Tensor> features;  ///< the tapped nodes, by name
};

/// Of a teacher: carries no gradients.
struct TeacherOutputs {
  torch::Tensor logits;                           ///< [N, C]; undefined where the stage has no teacher
  std::map<std::string, torch::Tensor> features;

  /// log softmax(logits / T), [N, C].
  torch::Tensor log_probabilities(double temperature) const;
};

}  // namespace limbeck
