#include "loss/loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/nll_loss.h>

#include "nn/graph.h"

namespace limbeck {

void bind_reduction(Fields& fields, Reduction& reduction) {
  fields.choice<Reduction>(
      "reduction", reduction, {{"batchmean", Reduction::batchmean}, {"mean", Reduction::mean}},
      "batchmean: summed over classes, averaged over examples; mean: averaged over both, as the code of "
      "Yuan et al. does, a weight smaller by the number of classes");
}

double reduction_factor(Reduction reduction, const at::Tensor& logits) {
  const auto examples = static_cast<double>(logits.size(0)), classes = static_cast<double>(logits.size(1));
  return 1 / (reduction == Reduction::mean ? examples * classes : examples);
}

LabelSums label_sums(const at::Tensor& log_p, const Targets& targets) {
  constexpr int64_t kUnlabelled = -1;
  const auto cross_entropy = [&](const at::Tensor& labels, int64_t reduction) {
    return at::nll_loss(log_p, labels, {}, reduction, kUnlabelled);
  };
  const auto is_labelled = [&](const at::Tensor& labels) { return labels.ge(0).to(log_p.scalar_type()); };
  if (!targets.mix.defined()) return {cross_entropy(targets.labels, at::Reduction::Sum), is_labelled(targets.labels)};
  const at::Tensor share = targets.mix.to(log_p.scalar_type());
  const at::Tensor own = cross_entropy(targets.labels, at::Reduction::None);
  const at::Tensor partners = cross_entropy(targets.partner_labels, at::Reduction::None);
  return {(share * own + (1 - share) * partners).sum(),
          share * is_labelled(targets.labels) + (1 - share) * is_labelled(targets.partner_labels)};
}

void require_same_shape(const Outputs& student, const TeacherOutputs& teacher) {
  const auto ours = student.logits.sizes(), theirs = teacher.logits.sizes();
  if (ours != theirs)
    throw Error(
        fmt::format("the teacher's logits are {}, the student's {}", to_text(theirs.vec()), to_text(ours.vec())));
}

}  // namespace limbeck
