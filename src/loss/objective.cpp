#include "loss/objective.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/where.h>

#include <algorithm>

#include "core/json.h"
#include "core/text.h"

namespace limbeck {
namespace {

Outputs standardized_student(const Outputs& student, Standardize by) {
  Outputs outputs = student;
  outputs.logits = standardized(student.logits, by);
  return outputs;
}

TeacherOutputs standardized_teacher(const TeacherOutputs& teacher, Standardize by) {
  TeacherOutputs outputs = teacher;
  outputs.logits = standardized(teacher.logits, by);
  if (!teacher.members.defined()) return outputs;
  outputs.members = standardized(teacher.members, by);
  outputs.logits = log_mean_distribution(outputs.members, 1);
  return outputs;
}

/// " (temperature 4)", " (from layer1, layer2)"; nothing for an empty list.
std::string detail_of(const std::string& name, const Json& value) {
  if (!value.is_array()) return fmt::format(" ({} {})", name, value.dump());
  std::string items;
  for (const Json& item : value)
    items += (items.empty() ? "" : ", ") + (item.is_string() ? item.get<std::string>() : item.dump());
  return items.empty() ? "" : fmt::format(" ({} {})", name, items);
}

}  // namespace

at::Tensor standardized(const at::Tensor& logits, Standardize by) {
  if (by == Standardize::none || !logits.defined()) return logits;
  constexpr double kLeast = 1e-7;
  const at::Tensor centered = logits - logits.mean(-1, /*keepdim=*/true);
  const auto classes = static_cast<double>(logits.size(-1));
  const double count = by == Standardize::sample ? std::max(classes - 1, 1.0) : classes;
  // In units of the largest, whose square is finite; where all are equal, the root has no derivative.
  const at::Tensor largest = centered.detach().abs().amax(-1, /*keepdim=*/true), varies = largest.gt(0);
  const at::Tensor unit = at::where(varies, largest, at::ones_like(largest));
  const at::Tensor mean_square = (centered / unit).square().sum(-1, /*keepdim=*/true) / count;
  return centered / (at::where(varies, mean_square, at::ones_like(mean_square)).sqrt() * unit + kLeast);
}

Objective::Objective(const std::vector<LossTermRecipe>& terms) {
  for (const LossTermRecipe& term : terms) {
    const auto same = [&](const std::string& name) { return name.substr(0, name.find('.')) == term.loss.name(); };
    const auto before = std::count_if(names_.begin(), names_.end(), same);
    names_.push_back(before == 0 ? term.loss.name() : fmt::format("{}.{}", term.loss.name(), before + 1));
    std::unique_ptr<Loss> loss = term.loss.make<Loss>();
    const LossNeeds needs = loss->needs();
    if (term.standardize != Standardize::none && !(needs.student_logits && needs.teacher_logits))
      throw Error(ErrorKind::usage, fmt::format("the loss '{}' does not compare logits of teacher and student, which "
                                                "'standardize' is of; leave it out",
                                                term.loss.name()));
    reads_epochs_ |= needs.epochs;
    terms_.push_back({std::move(loss), term.weight, term.standardize, needs.labels});
  }
}

Objective::Value Objective::value(const Outputs& student, const TeacherOutputs& teacher, const Targets& targets,
                                  const TermWeights& weights) const {
  std::vector<Outputs> networks;
  for (const at::Tensor& logits : student.members) networks.push_back({.logits = logits});
  for (Outputs& network : networks)
    for (const at::Tensor& logits : student.members) network.community.push_back(logits.detach());
  if (networks.empty()) networks.push_back(student);

  Value value;
  std::vector<at::Tensor> sums;
  for (const Term& term : terms_) {
    at::Tensor& sum = sums.emplace_back();
    for (const Outputs& network : networks) {
      const at::Tensor own = term.standardize == Standardize::none
                                 ? term.loss->value(network, teacher, targets)
                                 : term.loss->value(standardized_student(network, term.standardize),
                                                    standardized_teacher(teacher, term.standardize), targets);
      sum = sum.defined() ? sum + own : own;
    }
    value.terms.push_back(networks.size() == 1 ? sum : sum.detach() / static_cast<double>(networks.size()));
    value.needs_labels.push_back(term.needs_labels);
  }
  if (weights.on_device.defined()) {
    for (at::Tensor& term : value.terms) term = term.detach();
    value.sums = std::move(sums);
    return value;
  }
  value.sums = sums;
  for (size_t i = 0; i < sums.size(); ++i) {
    const at::Tensor weighted = sums[i] * weights.numbers.at(i);
    value.total = value.total.defined() ? value.total + weighted : weighted;
  }
  return value;
}

TermWeights Objective::weights_at(double epoch) const {
  TermWeights weights;
  for (const Term& term : terms_) weights.numbers.push_back(term.weight.at(epoch));
  if (reads_epochs_) weights.epochs = at::full({}, epoch, at::kFloat);
  return weights;
}

void Objective::use(const TeacherStatistics& statistics) {
  for (const Term& term : terms_) term.loss->use(statistics);
}

void Objective::prepare(const LossShapes& shapes, uint64_t seed, at::Device device) {
  parameters_.clear();
  state_.clear();
  for (size_t i = 0; i < terms_.size(); ++i) {
    LossParameters own(seed, i, device);
    terms_[i].loss->prepare(shapes, own);
    for (const Parameter& parameter : own.all())
      parameters_.push_back({names_[i] + "." + parameter.name, parameter.value});
    for (const Parameter& kept : own.state()) state_.push_back({names_[i] + "." + kept.name, kept.value});
  }
}

std::vector<bool> Objective::distils() const {
  std::vector<bool> distils;
  for (const Term& term : terms_) {
    const LossNeeds needs = term.loss->needs();
    distils.push_back(needs.teacher_logits || needs.community || !needs.teacher_taps.empty());
  }
  return distils;
}

std::vector<bool> Objective::needs_labels() const {
  std::vector<bool> needs;
  for (const Term& term : terms_) needs.push_back(term.needs_labels);
  return needs;
}

LossNeeds Objective::needs() const {
  LossNeeds all{.student_logits = false};
  for (const Term& term : terms_) all.add(term.loss->needs());
  return all;
}

std::string describe_objective(const std::vector<LossTermRecipe>& terms) {
  std::string text;
  for (const LossTermRecipe& term : terms) {
    const std::string weight = term.weight.epochs == 0 ? shortest(term.weight.to)
                                                       : shortest(term.weight.from) + "→" + shortest(term.weight.to);
    const std::string& principal = term.loss.component->info().principal;
    const Json options = resolve(term.loss)[term.loss.name()];
    const std::string detail = principal.empty() ? "" : detail_of(principal, options[principal]);
    text += fmt::format("{}{} {}{}", text.empty() ? "" : " + ", weight, term.loss.name(), detail);
  }
  return text;
}

}  // namespace limbeck
