#include "train/recorded_step.h"

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

RecordedStep::RecordedStep(std::unique_ptr<PlainStep> plain, Recorder recorder)
    : plain_(std::move(plain)),
      passes_([this](const CapturedFunction::Tensors& arguments) { return run_passes(arguments); },
              std::move(recorder)) {}

CapturedFunction::Tensors RecordedStep::run_passes(const CapturedFunction::Tensors& arguments) {
  Batch batch;
  batch.inputs = arguments[kInputs];
  batch.labels = arguments[kLabels];
  batch.ids = arguments[kIds];
  batch.partner_labels = arguments[kPartnerLabels];
  batch.mix = arguments[kMix];
  TeacherOutputs teacher{.logits = arguments[kTeacherLogits], .features = {}, .members = arguments[kTeacherMembers]};
  for (size_t i = 0; i < teacher_features_.size(); ++i)
    teacher.features[teacher_features_[i]] = arguments[kTeacherFeatures + i];
  const StepPasses found = plain_->passes(batch, teacher, place_);
  needs_labels_ = found.needs_labels;
  networks_ = found.networks;
  CapturedFunction::Tensors outputs{found.logits, found.values};
  for (const Parameter& parameter : plain_->optimizer().parameters()) outputs.push_back(parameter.value.grad());
  return outputs;
}

StepResult RecordedStep::operator()(const Batch& batch, const TeacherOutputs& teacher, const StepPlace& place) {
  place_ = place;
  CapturedFunction::Tensors arguments{batch.inputs, batch.labels,   batch.ids,      batch.partner_labels,
                                      batch.mix,    teacher.logits, teacher.members};
  teacher_features_.clear();
  for (const auto& [name, feature] : teacher.features) {
    teacher_features_.push_back(name);
    arguments.push_back(feature);
  }
  const CapturedFunction::Tensors outputs = passes_(arguments);
  const std::vector<Parameter>& parameters = plain_->optimizer().parameters();
  for (size_t i = 0; i < parameters.size(); ++i) {
    at::Tensor value = parameters[i].value;
    value.mutable_grad() = outputs[kGradients + i];
  }
  return plain_->update({outputs[kLogits], outputs[kValues], needs_labels_, networks_}, place);
}

std::unique_ptr<TrainingStep> make_training_step(const Network& network, const Objective& objective,
                                                 Optimizer& optimizer, Precision precision, Recorder recorder) {
  auto plain = std::make_unique<PlainStep>(network, objective, optimizer, precision);
  if (!recorder || !network.capabilities().can_be_recorded || !objective.can_be_recorded()) return plain;
  return std::make_unique<RecordedStep>(std::move(plain), std::move(recorder));
}

}  // namespace limbeck
