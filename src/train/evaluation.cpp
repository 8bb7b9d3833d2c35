#include "train/evaluation.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/nll_loss.h>

#include <algorithm>
#include <cmath>

#include "core/json.h"
#include "kernels/torch_compatibility.h"
#include "nn/inference.h"
#include "results/keys.h"

namespace limbeck {
namespace {

constexpr int kBins = 15;

std::vector<ReliabilityBin> reliability_of(const at::Tensor& confidence, const at::Tensor& correct) {
  std::vector<ReliabilityBin> bins(kBins);
  const at::Tensor sure = confidence.to(at::kDouble).contiguous(), right = correct.to(at::kLong).contiguous();
  for (int64_t i = 0; i < sure.size(0); ++i) {
    const double value = sure.data_ptr<double>()[i];
    const auto index = std::clamp(static_cast<int>(std::ceil(value * kBins)) - 1, 0, kBins - 1);
    ReliabilityBin& bin = bins[static_cast<size_t>(index)];
    ++bin.count;
    bin.confidence += value;
    bin.accuracy += static_cast<double>(right.data_ptr<int64_t>()[i]);
  }
  for (int i = 0; i < kBins; ++i) {
    ReliabilityBin& bin = bins[static_cast<size_t>(i)];
    bin.low = static_cast<double>(i) / kBins;
    bin.high = static_cast<double>(i + 1) / kBins;
    if (bin.count == 0) continue;
    bin.confidence /= static_cast<double>(bin.count);
    bin.accuracy /= static_cast<double>(bin.count);
  }
  return bins;
}

double calibration_error(const std::vector<ReliabilityBin>& bins, int64_t examples) {
  double sum = 0;
  for (const ReliabilityBin& bin : bins)
    sum += static_cast<double>(bin.count) * std::abs(bin.accuracy - bin.confidence);
  return sum / static_cast<double>(examples);
}

template <class Value>
MetricValue or_null(const std::optional<Value>& value) {
  return value ? MetricValue(Number(*value)) : MetricValue();
}

}  // namespace

at::Tensor predict_logits(const Network& network, const ExampleSet& examples, Ranks* ranks) {
  const at::NoGradGuard no_gradient;
  const auto logits_of = [&](const Batch& batch) { return infer(network, batch.inputs, {}).logits; };
  const std::vector<at::Tensor> parts = examples.parts();
  const auto count = static_cast<int64_t>(parts.size());
  if (ranks == nullptr || count < ranks->size()) return over_batches(examples, logits_of);
  const auto bound = [&](int64_t rank) { return static_cast<size_t>(count * rank / ranks->size()); };
  std::vector<at::Tensor> own;
  for (size_t i = bound(ranks->rank()); i < bound(ranks->rank() + 1); ++i)
    own.push_back(logits_of(examples.batch(parts[i])));
  return ranks->join_rows(at::cat(own));
}

Hits count_hits(const at::Tensor& logits, const at::Tensor& labels) {
  if (!logits.is_cpu() || logits.scalar_type() != at::kFloat)
    return {labels.ge(0).sum().item<int64_t>(), logits.argmax(1).eq(labels).sum().item<int64_t>()};
  const at::Tensor rows = logits.contiguous(), names = labels.contiguous();
  const auto* z = read_pointer<float>(rows);
  const auto* label = read_pointer<int64_t>(names);
  Hits hits;
  for (int64_t i = 0; i < rows.size(0); ++i, z += rows.size(1)) {
    if (label[i] < 0) continue;
    ++hits.labelled;
    hits.correct += std::max_element(z, z + rows.size(1)) - z == label[i];
  }
  return hits;
}

Evaluation evaluate(const at::Tensor& logits_anywhere, const at::Tensor& labels_anywhere,
                    const at::Tensor& teacher_logits) {
  if (labels_anywhere.size(0) == 0) throw Error("nothing to evaluate: there are no examples");
  const at::Tensor logits = logits_anywhere.to(at::kCPU).to(at::kDouble);
  const at::Tensor labels = labels_anywhere.to(at::kCPU);
  const at::Tensor log_p = at::log_softmax(logits, 1), chosen = logits.argmax(1);
  const at::Tensor correct = chosen.eq(labels);
  const int64_t classes = logits.size(1);
  Evaluation evaluation;
  evaluation.examples = labels.size(0);
  evaluation.errors = evaluation.examples - correct.sum().item<int64_t>();
  evaluation.accuracy = 1 - static_cast<double>(evaluation.errors) / static_cast<double>(evaluation.examples);
  evaluation.nll = at::nll_loss(log_p, labels).item<double>();
  evaluation.reliability = reliability_of(log_p.amax(1).exp(), correct);
  evaluation.ece = calibration_error(evaluation.reliability, evaluation.examples);
  evaluation.confusion = at::bincount(labels * classes + chosen, {}, classes * classes).reshape({classes, classes});
  if (teacher_logits.defined()) {
    const at::Tensor log_t = at::log_softmax(teacher_logits.to(at::kCPU).to(at::kDouble), 1);
    evaluation.teacher_errors = evaluation.examples - log_t.argmax(1).eq(labels).sum().item<int64_t>();
    evaluation.agreement = log_t.argmax(1).eq(chosen).to(at::kDouble).mean().item<double>();
    evaluation.teacher_kl = (log_t.exp() * (log_t - log_p)).sum(1).mean().item<double>();
  }
  return evaluation;
}

Metrics summary(const Evaluation& evaluation, const std::vector<std::string>& classes) {
  std::optional<double> teacher_accuracy;
  if (evaluation.teacher_errors)
    teacher_accuracy = 1 - static_cast<double>(*evaluation.teacher_errors) / static_cast<double>(evaluation.examples);
  Metrics class_errors;
  for (size_t i = 0; i < classes.size(); ++i) {
    const at::Tensor row = evaluation.confusion[static_cast<int64_t>(i)];
    class_errors.set(classes[i], Number(row.sum().item<int64_t>() - row[static_cast<int64_t>(i)].item<int64_t>()));
  }
  return {{keys::kExamples, Number(evaluation.examples)},
          {keys::kErrors, Number(evaluation.errors)},
          {keys::kAccuracy, Number(evaluation.accuracy)},
          {keys::kNll, Number(evaluation.nll)},
          {keys::kEce, Number(evaluation.ece)},
          {keys::kAgreement, or_null(evaluation.agreement)},
          {keys::kTeacherKl, or_null(evaluation.teacher_kl)},
          {keys::kTeacherErrors, or_null(evaluation.teacher_errors)},
          {keys::kTeacherAccuracy, or_null(teacher_accuracy)},
          {keys::kClassErrors, std::move(class_errors)}};
}

EvaluationDetail details(const Evaluation& evaluation, const std::vector<std::string>& classes) {
  EvaluationDetail detail;
  detail.summary = summary(evaluation, classes);
  const at::Tensor& confusion = evaluation.confusion;
  const at::Tensor true_counts = confusion.sum(1), chosen_counts = confusion.sum(0);
  const auto ratio = [](int64_t part, int64_t whole) {
    return whole == 0 ? std::nullopt : std::optional(static_cast<double>(part) / static_cast<double>(whole));
  };
  for (size_t i = 0; i < classes.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    const auto right = confusion[at][at].item<int64_t>(), count = true_counts[at].item<int64_t>();
    detail.classes.push_back({.name = classes[i],
                              .examples = count,
                              .errors = count - right,
                              .recall = ratio(right, count),
                              .precision = ratio(right, chosen_counts[at].item<int64_t>())});
    std::vector<int64_t>& row = detail.confusion.emplace_back(classes.size());
    for (size_t j = 0; j < classes.size(); ++j) row[j] = confusion[at][static_cast<int64_t>(j)].item<int64_t>();
  }
  for (const ReliabilityBin& bin : evaluation.reliability) {
    BinDetail& own = detail.reliability.emplace_back();
    own = {.low = bin.low, .high = bin.high, .count = bin.count, .confidence = {}, .accuracy = {}};
    if (bin.count == 0) continue;
    own.confidence = bin.confidence;
    own.accuracy = bin.accuracy;
  }
  return detail;
}

}  // namespace limbeck
