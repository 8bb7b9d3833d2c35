#include "train/training_step.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/stack.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "train/device_step.h"
#include "train/host_step.h"

namespace limbeck {
namespace {

/// The backward pass of Σ weight · term over some of the terms, without the sum, which would be kernels of its own,
/// forward and backward.
void pass_back(const std::vector<at::Tensor>& terms, const std::vector<bool>& which, const TermWeights& weights,
               bool keep_graph) {
  std::vector<at::Tensor> roots, gradients;
  for (size_t i = 0; i < terms.size(); ++i) {
    if (!which[i] || !terms[i].requires_grad()) continue;  // a loss may be constant
    roots.push_back(terms[i]);
    gradients.push_back(weights.on_device.defined()
                            ? weights.on_device[static_cast<int64_t>(i)].reshape(terms[i].sizes())
                            : at::full_like(terms[i].detach(), weights.numbers.at(i)));
  }
  if (!roots.empty()) torch::autograd::backward(roots, gradients, keep_graph);
}

/// A backward pass whose gradients are summed over the ranks, if there are several.
template <class Pass>
void with_ranks(const StepSetup& setup, const Pass& pass) {
  if (setup.ranks != nullptr) setup.ranks->begin_pass();
  pass();
  if (setup.ranks != nullptr) setup.ranks->finish_pass();
}

/// One pass for the terms that distil, whose gradients the optimizer takes, and one for the others.
void pass_back_apart(const StepSetup& setup, const Objective::Value& value, const ForwardOptions& options,
                     const TermWeights& weights) {
  std::vector<bool> which = setup.objective.distils();
  with_ranks(setup, [&] { pass_back(value.sums, which, weights, /*keep_graph=*/true); });
  setup.optimizer.keep_distilled(options.rounded == nullptr ? std::vector<at::Tensor>() : *options.rounded);
  which.flip();
  with_ranks(setup, [&] { pass_back(value.sums, which, weights, /*keep_graph=*/false); });
}

}  // namespace

double StepSetup::epochs_done(int64_t epoch, int64_t step) const {
  return static_cast<double>(epoch) + static_cast<double>(step) / static_cast<double>(batches.per_epoch());
}

double StepSetup::rate_factor(int64_t epoch, int64_t step) const {
  return schedule.factor(epochs_done(epoch, step), epochs);
}

StepPasses run_passes(const StepSetup& setup, const Batch& batch, const TeacherOutputs& teacher,
                      const ForwardOptions& options, const TermWeights& weights) {
  setup.optimizer.release_gradients();
  const Outputs student = setup.network.forward(batch.inputs, options);
  const Targets targets{.labels = batch.labels,
                        .ids = batch.ids,
                        .partner_labels = batch.partner_labels,
                        .mix = batch.mix,
                        .epochs = weights.epochs};
  const RankWork* ranks = setup.ranks != nullptr && setup.ranks->joins() ? setup.ranks : nullptr;
  const Objective::Value value =
      ranks == nullptr
          ? setup.objective.value(student, teacher, targets, weights)
          : setup.objective.value(ranks->joined(student), ranks->joined(teacher), ranks->joined(targets), weights);
  if (setup.optimizer.separates())
    pass_back_apart(setup, value, options, weights);
  else if (weights.on_device.defined())
    pass_back(value.sums, std::vector<bool>(value.sums.size(), true), weights, /*keep_graph=*/false);
  else
    with_ranks(setup, [&] { value.total.backward(); });

  std::vector<at::Tensor> values;
  if (value.total.defined()) values.push_back(value.total.detach());
  for (const at::Tensor& term : value.terms) values.push_back(term.detach());
  return {.logits = student.logits.detach(),
          .values = at::stack(values),
          .needs_labels = {value.needs_labels.begin(), value.needs_labels.end()},
          .networks = std::max<int64_t>(1, static_cast<int64_t>(student.members.size()))};
}

std::unique_ptr<TrainingStep> make_training_step(const StepSetup& setup) {
  const bool is_on_cpu = setup.network.parameters().front().value.is_cpu();
  if (is_on_cpu || setup.ranks != nullptr) return std::make_unique<HostStep>(setup);
  return std::make_unique<DeviceStep>(setup);
}

}  // namespace limbeck
