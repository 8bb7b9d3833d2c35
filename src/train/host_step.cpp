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
  TermWeights weights = setup_.objective.weights_at(setup_.epochs_done(epoch_, step_));
  if (setup_.ranks != nullptr) {
    setup_.ranks->begin_step(step_, batch);
    weights = setup_.ranks->shared(weights, setup_.objective.needs_labels());
  }
  const ForwardOptions options{.noise = &noise,
                               .taps = taps_,
                               .precision = setup_.precision,
                               .sum = setup_.ranks == nullptr ? nullptr : setup_.ranks->batch_norm_sum()};
  const StepPasses passes = run_passes(setup_, batch, teacher, options, weights);
  const at::Tensor values = passes.values.to(at::kCPU, at::kDouble).contiguous();
  const double* numbers = values.data_ptr<double>();
  StepValues result{.logits = passes.logits,
                    .values = {numbers, numbers + values.numel()},
                    .needs_labels = passes.needs_labels,
                    .networks = passes.networks};
  at::Tensor sums;
  if (setup_.ranks != nullptr) {
    result.loss_examples = setup_.ranks->loss_examples();
    sums = setup_.ranks->finish_step(setup_.sums.of_step(batch, result), setup_.wishes());
    result.values = EpochSums::values_in(sums);
  }
  if (std::isfinite(result.values[0])) {
    setup_.optimizer.step(setup_.rate_factor(epoch_, step_));
    setup_.sums.add(sums.defined() ? sums : setup_.sums.of_step(batch, result));
  } else {
    failure_ = StepFailure{.step = step_, .values = result.values};
  }
  ++step_;
}

}  // namespace limbeck
