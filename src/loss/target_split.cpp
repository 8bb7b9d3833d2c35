#include "loss/target_split.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/zeros_like.h>

#include <limits>

#include "core/error.h"

namespace limbeck {

at::Tensor is_label(const at::Tensor& labels, const at::Tensor& logits) {
  if (labels.size(0) != logits.size(0))
    throw Error(fmt::format("{} labels for {} rows of logits", labels.size(0), logits.size(0)));
  return at::zeros_like(logits, at::kBool).scatter(1, labels.clamp_min(0).unsqueeze(1), true);
}

TargetSplit split_at(const at::Tensor& labels, const at::Tensor& log_p) {
  constexpr double kNever = std::numeric_limits<float>::lowest();  // its exponential is 0, its differences are finite
  const at::Tensor at_label = is_label(labels, log_p), others = log_p.masked_fill(at_label, kNever);
  return {log_p.gather(1, labels.clamp_min(0).unsqueeze(1)).squeeze(1), at::logsumexp(others, 1),
          at::log_softmax(others, 1).masked_fill(at_label, 0)};
}

at::Tensor mean_over_labels(const Targets& targets, const std::function<at::Tensor(const at::Tensor& labels)>& losses) {
  at::Tensor sum = losses(targets.labels);  // [N]
  at::Tensor weights = targets.labels.ge(0).to(sum.scalar_type());
  if (targets.mix.defined()) {
    const at::Tensor share = targets.mix.to(sum.scalar_type());
    const at::Tensor own = share * weights, partners = (1 - share) * targets.partner_labels.ge(0);
    sum = own * sum + partners * losses(targets.partner_labels);
    weights = own + partners;
  } else {
    sum = weights * sum;
  }
  const at::Tensor count = weights.sum();
  return sum.sum() / (count + count.eq(0));
}

}  // namespace limbeck
