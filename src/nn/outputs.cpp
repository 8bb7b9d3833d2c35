#include "nn/outputs.h"

#include <torch/types.h>

#include <cmath>

namespace limbeck {

torch::Tensor log_mean_distribution(const torch::Tensor& members, double temperature) {
  const torch::Tensor log_p = torch::log_softmax(members.detach() / temperature, 2);  // [N, M, C]
  return torch::logsumexp(log_p, 1) - std::log(static_cast<double>(members.size(1)));
}

TeacherStatistics statistics_of(const torch::Tensor& logits) {
  const torch::Tensor exact = logits.detach().to(torch::kFloat64);
  const torch::Tensor mean = exact.mean(0), deviation = (exact - mean).square().mean(0).sqrt();
  return {mean.to(logits.scalar_type()), deviation.to(logits.scalar_type())};
}

torch::Tensor TeacherOutputs::log_probabilities(double temperature) const {
  if (members.defined()) return log_mean_distribution(members, temperature);
  return torch::log_softmax(logits.detach() / temperature, 1);
}

}  // namespace limbeck
