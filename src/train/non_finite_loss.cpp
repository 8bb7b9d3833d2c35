#include "train/non_finite_loss.h"

#include <ATen/TensorOperators.h>

#include "core/error.h"

namespace limbeck {

void throw_non_finite(const NonFiniteStep& step, const TeacherOutputs& teacher, const Batch& batch) {
  std::vector<at::Tensor> taught{teacher.logits, teacher.members};
  for (const auto& [name, feature] : teacher.features) taught.push_back(feature);
  at::Tensor known = batch.ids.ge(0);
  for (const at::Tensor& outputs : taught)
    if (outputs.defined()) known = known & outputs.isfinite().flatten(1).all(1).to(known.device());
  if (const auto unknown = batch.size() - known.sum().item<int64_t>(); unknown > 0)
    throw Error(
        fmt::format("stage '{}': the teacher's outputs are not finite for {} of {} examples of the batch, for the "
                    "training example {} first",
                    step.stage, unknown, batch.size(), batch.ids[known.to(at::kLong).argmin()].item<int64_t>()));
  std::string terms;
  for (size_t i = 0; i < step.terms.size(); ++i)
    terms += fmt::format("{}{} {}", i == 0 ? "" : ", ", step.terms[i], step.values[1 + i]);
  throw Error(
      fmt::format("stage '{}': the loss is not finite in epoch {}, step {} ({}); the learning rate is {:.3g}: try a "
                  "lower one, a warm-up, or max_norm",
                  step.stage, step.epoch, step.step, terms, step.learning_rate));
}

}  // namespace limbeck
