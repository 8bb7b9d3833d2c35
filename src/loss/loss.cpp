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

void require_same_shape(const Outputs& student, const TeacherOutputs& teacher) {
  const auto ours = student.logits.sizes(), theirs = teacher.logits.sizes();
  if (ours != theirs)
    throw Error(fmt::format("the teacher's logits are {}, the student's {}", to_text(theirs.vec()), to_text(ours.vec())));
}

}  // namespace limbeck
