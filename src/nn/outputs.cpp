#include "limbeck/outputs.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logsumexp.h>

#include <cmath>

namespace limbeck {

at::Tensor log_mean_distribution(const at::Tensor& members, double temperature) {
  const at::Tensor log_p = at::log_softmax(members.detach() / temperature, 2);  // [N, M, C]
  return at::logsumexp(log_p, 1) - std::log(static_cast<double>(members.size(1)));
}

TeacherStatistics statistics_of(const at::Tensor& logits) {
  const at::Tensor exact = logits.detach().to(at::kDouble);
  const at::Tensor mean = exact.mean(0), deviation = (exact - mean).square().mean(0).sqrt();
  return {mean.to(logits.scalar_type()), deviation.to(logits.scalar_type())};
}

at::Tensor TeacherOutputs::log_probabilities(double temperature) const {
  if (members.defined()) return log_mean_distribution(members, temperature);
  return at::log_softmax(logits.detach() / temperature, 1);
}

}  // namespace limbeck
