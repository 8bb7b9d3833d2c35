#include "limbeck/loss.h"
#include "core/error.h"
#include "core/random.h"
#include "kernels/parameter.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/nll_loss.h>

#include <algorithm>

#include "limbeck/operation.h"

namespace limbeck {

namespace {

Shape shape_without_batch(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.sizes().slice(1).vec() : Shape{};
}

std::map<std::string, Shape> shapes_without_batch(const std::map<std::string, at::Tensor>& features) {
  std::map<std::string, Shape> shapes;
  for (const auto& [name, feature] : features) shapes[name] = shape_without_batch(feature);
  return shapes;
}

template <class Feature>
const Feature& named_feature(const std::map<std::string, Feature>& features, const std::string& name,
                             const char* whose) {
  const auto found = features.find(name);
  if (found == features.end()) throw Error(fmt::format("the {}'s feature '{}' was not given", whose, name));
  return found->second;
}

void add_names(std::vector<std::string>& to, const std::vector<std::string>& names) {
  for (const std::string& name : names)
    if (std::find(to.begin(), to.end(), name) == to.end()) to.push_back(name);
}

}  // namespace

void LossNeeds::add(const LossNeeds& other) {
  student_logits |= other.student_logits;
  teacher_logits |= other.teacher_logits;
  teacher_statistics |= other.teacher_statistics;
  labels |= other.labels;
  chooses_examples |= other.chooses_examples;
  community |= other.community;
  shapes |= other.shapes;
  epochs |= other.epochs;
  compares_examples |= other.compares_examples;
  add_names(student_taps, other.student_taps);
  add_names(teacher_taps, other.teacher_taps);
}

LossShapes shapes_of(const Outputs& student, const TeacherOutputs& teacher) {
  return {shape_without_batch(student.logits), shape_without_batch(teacher.logits),
          shapes_without_batch(student.features), shapes_without_batch(teacher.features), /*examples=*/0};
}

const at::Tensor& feature_of(const std::map<std::string, at::Tensor>& features, const std::string& name,
                             const char* whose) {
  return named_feature(features, name, whose);
}

const Shape& feature_of(const std::map<std::string, Shape>& features, const std::string& name, const char* whose) {
  return named_feature(features, name, whose);
}

at::Tensor LossParameters::make(const ParameterDescription& description) {
  const RandomKey stream{
      .seed = seed_, .purpose = Purpose::loss_parameters, .epoch = static_cast<uint32_t>(all_.size()), .lane = loss_};
  const at::Tensor value = initial_value(description, stream).to(device_);
  all_.push_back({description.name, value.requires_grad_()});
  return value;
}

at::Tensor LossParameters::initial_state(const ParameterDescription& description) const {
  constexpr uint32_t kState = 1U << 31;  // above the index of any parameter
  return initial_value(description, {.seed = seed_,
                                     .purpose = Purpose::loss_parameters,
                                     .epoch = kState + static_cast<uint32_t>(state_.size()),
                                     .lane = loss_});
}

at::Tensor LossParameters::keep(const std::string& name, const at::Tensor& initial) {
  state_.push_back({name, initial.detach().to(device_).clone()});
  return state_.back().value;
}

void bind_reduction(Fields& fields, Reduction& reduction) {
  fields.choice<Reduction>(
      "reduction", reduction, {{"batchmean", Reduction::batchmean}, {"mean", Reduction::mean}},
      "batchmean: summed over classes, averaged over examples; mean: averaged over both, as the code of "
      "Yuan et al. does, a weight smaller by the number of classes");
}

double reduction_factor(Reduction reduction, const at::Tensor& logits) {
  const auto examples = static_cast<double>(logits.size(0)), classes = static_cast<double>(logits.size(1));
  return 1 / (reduction == Reduction::mean ? examples * classes : examples);
}

LabelSums label_sums(const at::Tensor& log_p, const Targets& targets) {
  constexpr int64_t kUnlabelled = -1;
  const auto cross_entropy = [&](const at::Tensor& labels, int64_t reduction) {
    return at::nll_loss(log_p, labels, {}, reduction, kUnlabelled);
  };
  const auto is_labelled = [&](const at::Tensor& labels) { return labels.ge(0).to(log_p.scalar_type()); };
  if (!targets.mix.defined()) return {cross_entropy(targets.labels, at::Reduction::Sum), is_labelled(targets.labels)};
  const at::Tensor share = targets.mix.to(log_p.scalar_type());
  const at::Tensor own = cross_entropy(targets.labels, at::Reduction::None);
  const at::Tensor partners = cross_entropy(targets.partner_labels, at::Reduction::None);
  return {(share * own + (1 - share) * partners).sum(),
          share * is_labelled(targets.labels) + (1 - share) * is_labelled(targets.partner_labels)};
}

void require_same_shape(const Outputs& student, const TeacherOutputs& teacher) {
  const auto ours = student.logits.sizes(), theirs = teacher.logits.sizes();
  if (ours != theirs)
    throw Error(
        fmt::format("the teacher's logits are {}, the student's {}", to_text(theirs.vec()), to_text(ours.vec())));
}

}  // namespace limbeck
