#include "loss/loss.h"

#include <torch/types.h>

#include "nn/graph.h"

namespace limbeck {

void bind_reduction(Fields& fields, Reduction& reduction) {
  fields.choice<Reduction>("reduction", reduction, {{"batchmean", Reduction::batchmean}, {"mean", Reduction::mean}},
                           "batchmean: summed over classes, averaged over examples; mean: averaged over both, as the code of "
                           "Yuan et al. does, a weight smaller by the number of classes");
}

double reduction_factor(Reduction reduction, const torch::Tensor& logits) {
  const auto examples = static_cast<double>(logits.size(0)), classes = static_cast<double>(logits.size(1));
  return 1 / (reduction == Reduction::mean ? examples * classes : examples);
}

LabelSums label_sums(const torch::Tensor& log_p, const Targets& targets) {
  constexpr int64_t kUnlabelled = -1;
  const auto cross_entropy = [&](const torch::Tensor& labels, int64_t reduction) {
    return torch::nll_loss(log_p, labels, {}, reduction, kUnlabelled);
  };
  const auto is_labelled = [&](const torch::Tensor& labels) { return labels.ge(0).to(log_p.scalar_type()); };
  if (!targets.mix.defined()) return {cross_entropy(targets.labels, torch::Reduction::Sum), is_labelled(targets.labels)};
  const torch::Tensor share = targets.mix.to(log_p.scalar_type());
  const torch::Tensor own = cross_entropy(targets.labels, torch::Reduction::None);
  const torch::Tensor partners = cross_entropy(targets.partner_labels, torch::Reduction::None);
  return {(share * own + (1 - share) * partners).sum(),
          share * is_labelled(targets.labels) + (1 - share) * is_labelled(targets.partner_labels)};
}

void require_same_shape(const Outputs& student, const TeacherOutputs& teacher) {
  const auto ours = student.logits.sizes(), theirs = teacher.logits.sizes();
  if (ours != theirs)
    throw Error(fmt::format("the teacher's logits are {}, the student's {}", to_text(theirs.vec()), to_text(ours.vec())));
}

}  // namespace limbeck
