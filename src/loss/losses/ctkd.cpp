// Curriculum temperature: soft targets at a temperature that is trained against the student.
//   T = T₀ + T₁ σ(θ)                        options lowest: T₀, range: T₁
//   L(z, θ) = 1/N Σ_n T² KL(softmax(v_n / T) ‖ softmax(z_n / T))           v: the teacher's logits, z: the student's
//   the student descends by dL/dz, θ by −λ dL/dθ: it ascends
//   λ = ½ (1 − cos(π min(e/E, 1))) after e epochs: from 0 to 1             option curriculum_epochs: E
//   form global:    θ is one number, 1 at first
//   form instance:  θ_n = w₂ᵀ ReLU(W₁ [z_n; v_n] + b₁) + b₂; the logits are constants here   (option hidden: rows of
//   W₁)
// Z. Li, X. Li, L. Yang, B. Zhao, R. Song, L. Luo, J. Li, J. Yang, "Curriculum temperature for knowledge distillation",
// AAAI 2023, arXiv 2211.16231, section 3 (T₀ = 1, T₁ = 20, E = 10). The factor T² is part of what θ ascends, as
// in its code.
//   loss: [ { ctkd: { weight: 0.9 } }, { hard_labels: { weight: 0.1 } } ]

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logsumexp.h>

#include <cmath>
#include <numbers>

#include "loss/loss_layers.h"

namespace limbeck {
namespace {

enum class TemperatureForm { global, instance };

struct CtkdOptions {
  TemperatureForm form = TemperatureForm::global;
  double lowest = 1;
  double range = 20;
  double curriculum_epochs = 10;
  int64_t hidden = 64;
  void bind(Fields& fields) {
    fields.choice<TemperatureForm>("form", form,
                                   {{"global", TemperatureForm::global}, {"instance", TemperatureForm::instance}},
                                   "global: one temperature; instance: one for each example, of its logits");
    fields.number("lowest", lowest, above(0), "the lowest temperature");
    fields.number("range", range, at_least(0), "the highest temperature is so much above it");
    fields.number("curriculum_epochs", curriculum_epochs, above(0),
                  "epochs in which the temperature's gradient grows to its full size");
    fields.integer("hidden", hidden, at_least(1), "of instance: units between the two layers");
  }
};

/// x, whose gradient is multiplied by −λ.
at::Tensor with_reversed_gradient(const at::Tensor& x, const at::Tensor& lambda) {
  const at::Tensor value = x.detach();
  return value - lambda * (x - value);
}

/// As TeacherOutputs::log_probabilities, but with a gradient by the temperature.
at::Tensor log_probabilities_of(const TeacherOutputs& teacher, const at::Tensor& temperature) {
  if (!teacher.members.defined()) return at::log_softmax(teacher.logits.detach() / temperature, 1);
  const at::Tensor each = at::log_softmax(teacher.members.detach() / temperature.unsqueeze(-1), 2);  // [N, M, C]
  return at::logsumexp(each, 1) - std::log(static_cast<double>(each.size(1)));
}

class Ctkd : public Loss {
 public:
  explicit Ctkd(const CtkdOptions& options) : options_(options) {}

  LossNeeds needs() const override { return {.teacher_logits = true, .shapes = true, .epochs = true}; }

  void prepare(const LossShapes& shapes, LossParameters& parameters) override {
    if (options_.form == TemperatureForm::global) {
      theta_ = parameters.make({.name = "theta", .shape = {1}, .initial = Initial::ones});
    } else {
      first_ = LossLinear(parameters, "1.", 2 * shapes.student_logits.at(0), options_.hidden);
      second_ = LossLinear(parameters, "2.", options_.hidden, 1);
    }
  }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets& targets) const override {
    require_same_shape(student, teacher);
    const at::Tensor& z = student.logits;
    const at::Tensor share = (targets.epochs / options_.curriculum_epochs).clamp_max(1);
    const at::Tensor lambda = (1 - (share * std::numbers::pi).cos()) / 2;
    const at::Tensor theta = with_reversed_gradient(theta_of(z.detach(), teacher.logits.detach()), lambda);
    const at::Tensor temperature = options_.lowest + options_.range * theta.sigmoid();  // [1, 1] or [N, 1]
    const at::Tensor log_p = log_probabilities_of(teacher, temperature);
    const at::Tensor log_q = at::log_softmax(z / temperature, 1);
    const at::Tensor divergence = (log_p.exp() * (log_p - log_q)).sum(1, /*keepdim=*/true);  // [N, 1]
    return (divergence * temperature.square()).mean();
  }

 private:
  at::Tensor theta_of(const at::Tensor& z, const at::Tensor& v) const {
    if (options_.form == TemperatureForm::global) return theta_.to(z.scalar_type()).unsqueeze(1);
    return second_(first_(at::cat({z, v}, 1)).relu());
  }

  CtkdOptions options_;
  at::Tensor theta_;
  LossLinear first_, second_;
};

}  // namespace

void register_ctkd(Catalogue& catalogue) {
  catalogue.add<Loss, CtkdOptions>(
      Slot::loss,
      {.name = "ctkd",
       .summary = "Soft targets at a temperature that is trained to make them harder, step by step.",
       .formula = "T^2 KL(softmax(v/T) | softmax(z/T)), T = 1 + 20 sigmoid(theta); theta ascends, by a share of its "
                  "gradient that grows from 0 to 1; mean over examples",
       .source = "Li et al. 2023 (CTKD), section 3",
       .principal = "curriculum_epochs",
       .needs_teacher = true},
      [](const CtkdOptions& options) { return std::make_unique<Ctkd>(options); });
}

}  // namespace limbeck
