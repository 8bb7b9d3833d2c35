#include "train/training_step.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <cmath>

namespace limbeck {

StepResult PlainStep::operator()(const Batch& batch, const TeacherOutputs& teacher, const StepPlace& place) {
  return update(passes(batch, teacher, place), place);
}

StepPasses PlainStep::passes(const Batch& batch, const TeacherOutputs& teacher, const StepPlace& place) const {
  optimizer_.release_gradients();
  const Noise noise{place.seed, place.epoch, batch.ids};
  const Outputs student = network_.forward(batch.inputs, {.noise = &noise, .taps = taps_, .precision = precision_});
  const Targets targets{batch.labels, batch.ids, batch.partner_labels, batch.mix};
  const Objective::Value value = objective_.value(student, teacher, targets, place.epochs_done);
  value.total.backward();

  std::vector<at::Tensor> values{value.total};
  values.insert(values.end(), value.terms.begin(), value.terms.end());
  return {.logits = student.logits.detach(),
          .values = at::stack(values).detach(),
          .needs_labels = value.needs_labels,
          .networks = std::max<int64_t>(1, static_cast<int64_t>(student.members.size()))};
}

StepResult PlainStep::update(const StepPasses& passes, const StepPlace& place) {
  const at::Tensor values = passes.values.to(at::kCPU, at::kDouble).contiguous();
  const double* numbers = values.data_ptr<double>();
  StepResult result{.logits = passes.logits,
                    .values = {numbers, numbers + values.numel()},
                    .needs_labels = passes.needs_labels,
                    .networks = passes.networks};
  if (std::isfinite(result.values[0])) optimizer_.step(place.rate_factor);
  return result;
}

}  // namespace limbeck
