#include "train/epoch_sums.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>

#include "train/evaluation.h"

namespace limbeck {
namespace {

// Places in the tensor of sums. The terms follow, each as a sum and a count of examples.
enum Sum : int64_t { kExamples, kLoss, kLabelled, kErrors, kTerms };

}  // namespace

double label_weight(const Batch& batch) {
  const at::NoGradGuard no_gradient;
  const at::Tensor own = batch.labels.ge(0).to(at::kDouble);
  if (!batch.mix.defined()) return own.sum().item<double>();
  const at::Tensor mix = batch.mix.to(at::kDouble);
  return (mix * own + (1 - mix) * batch.partner_labels.ge(0).to(at::kDouble)).sum().item<double>();
}

EpochSums::EpochSums(std::vector<std::string> terms)
    : terms_(std::move(terms)), values_(at::zeros({kTerms + 2 * static_cast<int64_t>(terms_.size())}, at::kDouble)) {}

at::Tensor EpochSums::of_step(const Batch& batch, const StepValues& step) const {
  const at::NoGradGuard no_gradient;
  const at::Tensor of_step = at::zeros_like(values_);
  auto* sums = of_step.data_ptr<double>();
  const auto examples = static_cast<double>(batch.size());
  const Hits hits = count_hits(step.logits, batch.labels);
  const auto labelled = static_cast<double>(hits.labelled);
  const double weight = batch.mix.defined() ? label_weight(batch) : labelled;
  sums[kExamples] = examples;
  sums[kLoss] =
      step.values[0] * (step.loss_examples > 0 ? step.loss_examples : examples) / static_cast<double>(step.networks);
  sums[kLabelled] = labelled;
  sums[kErrors] = static_cast<double>(hits.labelled - hits.correct);
  for (size_t i = 0; i < step.needs_labels.size(); ++i) {
    const double count = step.needs_labels[i] != 0 ? weight : examples;
    sums[kTerms + 2 * static_cast<int64_t>(i)] = step.values[1 + i] * count;
    sums[kTerms + 2 * static_cast<int64_t>(i) + 1] = count;
  }
  return of_step;
}

void EpochSums::add(const at::Tensor& of_step) {
  const at::NoGradGuard no_gradient;
  values_.add_(of_step);
}

std::vector<double> EpochSums::values_in(const at::Tensor& of_step) {
  const auto* sums = of_step.data_ptr<double>();
  std::vector<double> values = {sums[kLoss] / std::max(sums[kExamples], 1.0)};
  for (int64_t i = kTerms; i + 1 < of_step.numel(); i += 2)
    values.push_back(sums[i + 1] > 0 ? sums[i] / sums[i + 1] : 0.0);
  return values;
}

void EpochSums::clear() {
  values_.zero_();
}

double EpochSums::loss() const {
  const auto* sums = values_.data_ptr<double>();
  return sums[kLoss] / std::max(sums[kExamples], 1.0);
}

double EpochSums::mean(int64_t sum, int64_t count) const {
  const auto* sums = values_.data_ptr<double>();
  return sums[count] > 0 ? sums[sum] / sums[count] : 0.0;
}

SplitMetrics EpochSums::metrics() const {
  const auto* sums = values_.data_ptr<double>();
  return {.split = "train",
          .examples = static_cast<int64_t>(sums[kLabelled]),
          .errors = static_cast<int64_t>(sums[kErrors]),
          .accuracy = 1 - mean(kErrors, kLabelled),
          .loss = mean(kLoss, kExamples)};
}

void EpochSums::write_terms(EpochDone& done) const {
  for (size_t i = 0; i < terms_.size(); ++i) {
    const int64_t at = kTerms + 2 * static_cast<int64_t>(i);
    done.terms[terms_[i]] = mean(at, at + 1);
  }
}

}  // namespace limbeck
