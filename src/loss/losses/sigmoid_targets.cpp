// Soft targets of sigmoid outputs: each class is a question of its own, to be answered yes or no (one against all).
//   p_c = σ(v_c / T) of the teacher, q_c = σ(z_c / T) of the student
//   L = T² · 1/N Σ_n Σ_c (p_c log (p_c / q_c) + (1 − p_c) log ((1 − p_c) / (1 − q_c)))
// P. Yang, M.-K. Xie, C.-C. Zong, L. Feng, G. Niu, M. Sugiyama, S.-J. Huang, "Multi-label knowledge distillation", ICCV
// 2023, arXiv 2308.06453, whose logits have no temperature: T is 1 by default. Probabilities of classes that are
// questions of their own are not small beside a largest one, as those of a softmax are, so that there is less to
// soften. `reduction: mean` divides by N·C instead. No labels are read: examples without any, or with several, are
// alike. The teacher's probability of a class is the mean of its networks', if it has several.
//   loss: [ sigmoid_targets, sigmoid_labels ]

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/logsumexp.h>

#include <cmath>

#include "limbeck/loss.h"
#include "loss/divergence.h"

namespace limbeck {
namespace {

struct SigmoidTargetsOptions {
  double temperature = 1;
  Reduction reduction = Reduction::batchmean;
  void bind(Fields& fields) {
    fields.number("temperature", temperature, above(0), "T, the same for teacher and student");
    bind_reduction(fields, reduction);
  }
};

/// log σ(sign · v / T), [N, C]; of several networks, of the mean of their probabilities. sign −1: log (1 − p).
at::Tensor log_sigmoid_of(const TeacherOutputs& teacher, double temperature, double sign) {
  const auto of = [&](const at::Tensor& logits) { return at::log_sigmoid(logits.detach() * (sign / temperature)); };
  if (!teacher.members.defined()) return of(teacher.logits);
  return at::logsumexp(of(teacher.members), 1) - std::log(static_cast<double>(teacher.members.size(1)));
}

class SigmoidTargets : public Loss {
 public:
  explicit SigmoidTargets(const SigmoidTargetsOptions& options) : options_(options) {}

  LossNeeds needs() const override { return {.teacher_logits = true}; }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    require_same_shape(student, teacher);
    const double temperature = options_.temperature;
    at::Tensor sum;
    for (const double sign : {1.0, -1.0}) {
      const at::Tensor log_q = at::log_sigmoid(student.logits * (sign / temperature));  // [N, C]
      const at::Tensor own = divergence_terms(log_sigmoid_of(teacher, temperature, sign), log_q).sum();
      sum = sum.defined() ? sum + own : own;
    }
    return sum * (temperature * temperature * reduction_factor(options_.reduction, student.logits));
  }

 private:
  SigmoidTargetsOptions options_;
};

}  // namespace

void register_sigmoid_targets(Catalogue& catalogue) {
  catalogue.add<Loss, SigmoidTargetsOptions>(
      Slot::loss,
      {.name = "sigmoid_targets",
       .summary =
           "Divergence from the teacher of each class by itself, for sigmoid outputs and several labels at once.",
       .formula =
           "T^2 sum_c (p_c log(p_c/q_c) + (1-p_c) log((1-p_c)/(1-q_c))), p = sigmoid(v/T), q = sigmoid(z/T); mean "
           "over examples",
       .source = "Yang et al. 2023 (multi-label)",
       .principal = "temperature",
       .needs_teacher = true},
      [](const SigmoidTargetsOptions& options) { return std::make_unique<SigmoidTargets>(options); });
}

}  // namespace limbeck
