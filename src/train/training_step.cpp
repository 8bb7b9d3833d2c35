#include "train/training_step.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/stack.h>

#include <algorithm>

namespace limbeck {
namespace {

// Places of what the passes are given, and of what they give; the teacher's features and the gradients of the
// parameters follow.
enum Argument : size_t {
  kInputs,
  kLabels,
  kIds,
  kPartnerLabels,
  kMix,
  kTeacherLogits,
  kTeacherMembers,
  kTeacherFeatures
};
enum Output : size_t { kLogits, kValues, kGradients };

}  // namespace

TrainingStep::TrainingStep(const Network& network, const Objective& objective, Precision precision, Recorder recorder)
    : network_(network),
      objective_(objective),
      needs_(objective.needs()),
      precision_(precision),
      passes_([this](const CapturedFunction::Tensors& arguments) { return passes(arguments); },
              network.capabilities().can_be_recorded && objective.can_be_recorded() ? std::move(recorder) : Recorder()) {}

CapturedFunction::Tensors TrainingStep::passes(const CapturedFunction::Tensors& arguments) {
  for (const Parameter& parameter : network_.parameters()) {  // those of a recording that failed were never written
    at::Tensor value = parameter.value;
    value.mutable_grad() = at::Tensor();
  }
  TeacherOutputs teacher{.logits = arguments[kTeacherLogits], .features = {}, .members = arguments[kTeacherMembers]};
  for (size_t i = 0; i < teacher_features_.size(); ++i)
    teacher.features[teacher_features_[i]] = arguments[kTeacherFeatures + i];
  noise_.ids = arguments[kIds];
  const Outputs student =
      network_.forward(arguments[kInputs], {.noise = &noise_, .taps = needs_.student_taps, .precision = precision_});
  const Targets targets{arguments[kLabels], arguments[kIds], arguments[kPartnerLabels], arguments[kMix]};
  const Objective::Value value = objective_.value(student, teacher, targets, epochs_);
  value.total.backward();

  needs_labels_ = value.needs_labels;
  networks_ = std::max<int64_t>(1, static_cast<int64_t>(student.members.size()));
  std::vector<at::Tensor> values{value.total};
  values.insert(values.end(), value.terms.begin(), value.terms.end());
  CapturedFunction::Tensors outputs{student.logits.detach(), at::stack(values).detach()};
  for (const Parameter& parameter : network_.parameters()) outputs.push_back(parameter.value.grad());
  return outputs;
}

TrainingStep::Result TrainingStep::operator()(const Batch& batch, const TeacherOutputs& teacher, const Noise& noise,
                                              double epochs) {
  noise_ = noise;
  epochs_ = epochs;
  CapturedFunction::Tensors arguments{batch.inputs, batch.labels,   batch.ids,      batch.partner_labels,
                                      batch.mix,    teacher.logits, teacher.members};
  teacher_features_.clear();
  for (const auto& [name, feature] : teacher.features) {
    teacher_features_.push_back(name);
    arguments.push_back(feature);
  }
  const CapturedFunction::Tensors outputs = passes_(arguments);
  for (size_t i = kGradients; i < outputs.size(); ++i) {
    at::Tensor parameter = network_.parameters()[i - kGradients].value;
    parameter.mutable_grad() = outputs[i];
  }
  const at::Tensor values = outputs[kValues].to(at::kCPU, at::kDouble).contiguous();
  const double* numbers = values.data_ptr<double>();
  return {.logits = outputs[kLogits],
          .values = {numbers, numbers + values.numel()},
          .needs_labels = needs_labels_,
          .networks = networks_};
}

}  // namespace limbeck
