#include "train/host_step.h"

#include <ATen/TensorOperators.h>

#include <cmath>

namespace limbeck {

void HostStep::begin_epoch(int64_t epoch, int64_t step) {
  epoch_ = epoch;
  step_ = step;
  setup_.batches.prepare(epoch);
}

void HostStep::operator()() {
  const Batch batch = setup_.batches.batch(epoch_, step_);
  const TeacherOutputs teacher = setup_.teacher == nullptr ? TeacherOutputs{} : setup_.teacher->outputs(batch);
  const Noise noise{setup_.seed, epoch_, batch.ids};
  const StepPasses passes =
      run_passes(setup_, batch, teacher, {.noise = &noise, .taps = taps_, .precision = setup_.precision},
                 setup_.objective.weights_at(setup_.epochs_done(epoch_, step_)));
  const at::Tensor values = passes.values.to(at::kDouble).contiguous();
  const double* numbers = values.data_ptr<double>();
  const StepValues result{.logits = passes.logits,
                          .values = {numbers, numbers + values.numel()},
                          .needs_labels = passes.needs_labels,
                          .networks = passes.networks};
  if (std::isfinite(result.values[0])) {
    setup_.optimizer.step(setup_.rate_factor(epoch_, step_));
    setup_.sums.add(batch, result);
  } else {
    failure_ = StepFailure{.step = step_, .values = result.values};
  }
  ++step_;
}

}  // namespace limbeck
