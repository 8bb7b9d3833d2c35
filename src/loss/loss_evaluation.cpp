#include "loss/loss_evaluation.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/nonzero.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>

#include "core/nearest.h"
#include "limbeck/graph.h"
#include "loss/feature_pairs.h"
#include "loss/objective.h"
#include "nn/dtypes.h"

namespace limbeck {
namespace {

[[noreturn]] void misuse(const std::string& message) {
  throw Error(ErrorKind::usage, message);
}

std::string shape_of(const at::Tensor& tensor) {
  return tensor.dim() == 0 ? "a single number" : to_text(tensor.sizes().vec());
}

/// Logits, under the flag that gave them.
void check_logits(const at::Tensor& logits, const char* flag) {
  if (!logits.is_floating_point())
    misuse(fmt::format("{} holds {}; expected logits as F64, F32 or F16", flag, dtype_name(logits.scalar_type())));
}

void check_student(const at::Tensor& student) {
  check_logits(student, "--student");
  if (student.dim() != 2 || student.numel() == 0)
    misuse(
        fmt::format("--student is {}; expected logits [examples, classes], at least one of each", shape_of(student)));
}

/// [M, N, C] with the student's N and C and at least one network.
bool is_of_networks(const at::Tensor& logits, const at::Tensor& student) {
  return logits.dim() == 3 && logits.size(0) > 0 && logits[0].sizes() == student.sizes();
}

void check_teacher(const at::Tensor& teacher, const at::Tensor& student) {
  check_logits(teacher, "--teacher");
  if (teacher.sizes() == student.sizes() || is_of_networks(teacher, student)) return;
  const std::string expected = shape_of(student);
  misuse(fmt::format("--teacher is {}, --student {}; expected {}, or Mx{} of an ensemble of M networks",
                     shape_of(teacher), expected, expected, expected));
}

void check_peers(const at::Tensor& peers, const at::Tensor& student) {
  check_logits(peers, "--peers");
  if (!is_of_networks(peers, student))
    misuse(fmt::format("--peers is {}; expected Mx{}, the logits of all M networks that are trained together",
                       shape_of(peers), shape_of(student)));
}

void check_labels(const at::Tensor& labels, const at::Tensor& student) {
  const auto type = labels.scalar_type();
  if (!c10::isIntegralType(type, /*includeBool=*/false))
    misuse(fmt::format("--labels holds {}; expected integers", dtype_name(type)));
  if (labels.dim() != 1 || labels.size(0) != student.size(0))
    misuse(fmt::format("--labels is {}; expected {}, one label for each row of --student", shape_of(labels),
                       student.size(0)));
  const at::Tensor wide = labels.to(at::kLong), wrong = at::nonzero(wide.lt(-1).logical_or(wide.ge(student.size(1))));
  if (wrong.size(0) == 0) return;
  const auto at = wrong[0][0].item<int64_t>();
  misuse(fmt::format("--labels: label {} is {}; expected -1 (unlabelled) to {}", at, wide[at].item<int64_t>(),
                     student.size(1) - 1));
}

using Features = std::map<std::string, at::Tensor>;

void check_features(const Features& features, const char* flag, int64_t examples) {
  for (const auto& [name, feature] : features) {
    if (!feature.is_floating_point())
      misuse(fmt::format("{} {} holds {}; expected F64, F32 or F16", flag, name, dtype_name(feature.scalar_type())));
    if (feature.dim() < 2 || feature.numel() == 0 || feature.size(0) != examples)
      misuse(fmt::format("{} {} is {}; expected {} examples, each of at least one number", flag, name,
                         shape_of(feature), examples));
  }
}

void require_features(const Choice& choice, const std::vector<std::string>& taps, const Features& given,
                      const char* whose) {
  for (const std::string& tap : taps)
    if (!given.contains(tap))
      misuse(fmt::format("the loss '{0}' reads the {1}'s feature '{2}'; give it with --{1}-feature {2}=FILE",
                         choice.name(), whose, tap));
}

Features converted(const Features& features, at::ScalarType type) {
  Features all;
  for (const auto& [name, feature] : features) all[name] = feature.detach().to(type).clone();
  return all;
}

void check_given(const Choice& choice, const LossNeeds& needs, const LossTensors& tensors) {
  require_features(choice, needs.student_taps, tensors.student_features, "student");
  require_features(choice, needs.teacher_taps, tensors.teacher_features, "teacher");
  if (needs.student_logits && !tensors.student.defined())
    misuse(fmt::format("--student is required: the loss '{}' reads the student's logits", choice.name()));
  const auto require = [&](bool needed, const at::Tensor& given, const char* what, const char* flag) {
    if (needed && !given.defined())
      misuse(fmt::format("the loss '{}' reads {}; give them with {}", choice.name(), what, flag));
  };
  require(needs.teacher_logits || needs.teacher_statistics, tensors.teacher, "the teacher's logits", "--teacher");
  require(needs.labels, tensors.labels, "labels", "--labels");
  require(needs.community, tensors.peers, "the logits of all networks that are trained together", "--peers");
}

/// A single teacher's logits, or the arithmetic mean of several.
TeacherOutputs teacher_outputs(const at::Tensor& logits) {
  if (logits.dim() == 2) return {.logits = logits};
  TeacherOutputs outputs;
  outputs.members = logits.transpose(0, 1).contiguous();  // [N, M, C]
  outputs.logits = log_mean_distribution(outputs.members, 1);
  return outputs;
}

std::vector<std::string> names_of(const Features& features) {
  std::vector<std::string> names;
  for (const auto& [name, feature] : features) names.push_back(name);
  return names;
}

/// The term, whose loss compares the features that are given if it names none.
LossTermRecipe with_features(LossTermRecipe term, const LossTensors& tensors) {
  const auto* given = dynamic_cast<const FeaturePairs*>(term.loss.options.get());
  if (given == nullptr || !given->are_open()) return term;
  if (tensors.student_features.empty() && tensors.teacher_features.empty())
    misuse(
        fmt::format("the loss '{}' compares features; give them with --student-feature NAME=FILE and "
                    "--teacher-feature NAME=FILE",
                    term.loss.name()));
  term.loss.options = term.loss.options->copy();
  dynamic_cast<FeaturePairs&>(*term.loss.options)
      .choose(names_of(tensors.student_features), names_of(tensors.teacher_features));
  return term;
}

/// Gives parameters the values of files; they have `type` from then on.
void set_parameters(const Objective& objective, const std::string& prefix, const Features& values,
                    at::ScalarType type) {
  std::vector<std::string> names;
  for (const Parameter& parameter : objective.parameters()) {
    names.push_back(parameter.name.substr(prefix.size()));
    const auto given = values.find(names.back());
    if (given != values.end() && given->second.sizes() != parameter.value.sizes())
      misuse(fmt::format("--parameter {} is {}; expected {}", names.back(), shape_of(given->second),
                         shape_of(parameter.value)));
    const at::Tensor& value = given == values.end() ? parameter.value.detach() : given->second;
    parameter.value.set_data(value.to(type));
  }
  for (const auto& [name, value] : values)
    if (std::find(names.begin(), names.end(), name) == names.end())
      misuse(fmt::format("the loss has no parameter '{}'{}", name,
                         names.empty() ? "; it has none" : suggestion(name, names)));
}

}  // namespace

LossEvaluation evaluate_loss(const LossTermRecipe& given, const LossTensors& tensors, uint64_t seed) {
  const LossTermRecipe term = with_features(given, tensors);
  Objective objective({term});
  const LossNeeds needs = objective.needs();
  check_given(term.loss, needs, tensors);
  const bool has_logits = tensors.student.defined();
  if (!has_logits && (tensors.teacher.defined() || tensors.labels.defined() || tensors.peers.defined()))
    misuse("--teacher, --labels and --peers go with --student");
  if (has_logits) check_student(tensors.student);
  if (tensors.teacher.defined()) check_teacher(tensors.teacher, tensors.student);
  if (tensors.labels.defined()) check_labels(tensors.labels, tensors.student);
  if (tensors.peers.defined()) check_peers(tensors.peers, tensors.student);

  const at::Tensor& first = has_logits ? tensors.student : tensors.student_features.begin()->second;
  const int64_t examples = first.dim() == 0 ? 0 : first.size(0);
  check_features(tensors.student_features, "--student-feature", examples);
  check_features(tensors.teacher_features, "--teacher-feature", examples);
  const auto type = first.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  Outputs student{.features = converted(tensors.student_features, type)};
  if (has_logits) student.logits = tensors.student.detach().to(type).clone().requires_grad_();
  for (auto& [name, feature] : student.features) feature.requires_grad_();
  if (tensors.peers.defined()) student.community = tensors.peers.detach().to(type).unbind(0);
  TeacherOutputs teacher;
  if (tensors.teacher.defined()) teacher = teacher_outputs(tensors.teacher.detach().to(type));
  teacher.features = converted(tensors.teacher_features, type);
  const std::string prefix = objective.names().front() + ".";
  if (needs.shapes) {
    LossShapes shapes = shapes_of(student, teacher);
    shapes.examples = examples;
    objective.prepare(shapes, seed, at::kCPU);
  }
  set_parameters(objective, prefix, tensors.parameters, type);
  if (needs.teacher_statistics) objective.use(statistics_of(teacher.logits));
  const Targets targets{
      .labels = tensors.labels.defined() ? tensors.labels.to(at::kLong) : at::full({examples}, -1, at::kLong),
      .ids = at::arange(examples, at::kLong),
      .epochs = at::full({}, tensors.epochs, at::kFloat)};

  const at::Tensor value = objective.value(student, teacher, targets, {.numbers = {1}}).total;
  LossEvaluation evaluation{.value = value.item<double>(), .examples = examples};
  if (value.requires_grad()) value.backward();
  const auto gradient_by = [](const at::Tensor& leaf, const at::Tensor& given) {
    return (leaf.grad().defined() ? leaf.grad() : at::zeros_like(given)).to(given.scalar_type());
  };
  if (has_logits) evaluation.gradient = gradient_by(student.logits, tensors.student);
  for (const auto& [name, feature] : student.features)
    evaluation.feature_gradients[name] = gradient_by(feature, tensors.student_features.at(name));
  for (const Parameter& parameter : objective.parameters())
    evaluation.parameters[parameter.name.substr(prefix.size())] = parameter.value.sizes().vec();
  return evaluation;
}

}  // namespace limbeck
