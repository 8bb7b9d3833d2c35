// Decoupled knowledge distillation: the divergence of soft targets in two parts, which are weighed separately.
//   p = softmax(v / T) of the teacher, q = softmax(z / T) of the student, y the label
//   TCKD = p_y log (p_y / q_y) + (1 − p_y) log ((1 − p_y) / (1 − q_y))       how sure of the label's class
//   NCKD = Σ_{c ≠ y} p^_c log (p^_c / q^_c), p^_c = p_c / (1 − p_y)           what of the other classes
//   L = T² · 1/N Σ_n (α TCKD + β NCKD)       over the N examples that have a label
// B. Zhao, Q. Cui, R. Song, Y. Qiu, J. Liang, "Decoupled knowledge distillation", CVPR 2022, arXiv 2203.08679,
// equations 6 and 7. Soft targets are α = 1 and β = 1 − p_y, which is small where the teacher is sure. Of examples that
// are mixed in pairs (mixup), the two labels' by their shares, as in `hard_labels`. The authors' code raises the weight
// over the first 20 epochs, which is a schedule of the recipe here, and has a β for each pair of networks:
//   loss: [ { dkd: { beta: 8, weight: { from: 0, to: 1, epochs: 20 } } }, hard_labels ]

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>

#include "limbeck/loss.h"
#include "loss/divergence.h"
#include "loss/target_split.h"

namespace limbeck {
namespace {

struct DkdOptions {
  double temperature = 4;
  double alpha = 1;
  double beta = 8;
  void bind(Fields& fields) {
    fields.number("temperature", temperature, above(0), "T, the same for teacher and student");
    fields.number("alpha", alpha, at_least(0), "weight of the label's class against all others");
    fields.number("beta", beta, at_least(0), "weight of the distribution over the other classes");
  }
};

class Dkd : public Loss {
 public:
  explicit Dkd(const DkdOptions& options) : options_(options) {}

  LossNeeds needs() const override { return {.teacher_logits = true, .labels = true}; }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets& targets) const override {
    require_same_shape(student, teacher);
    const double temperature = options_.temperature;
    const at::Tensor log_p = teacher.log_probabilities(temperature);            // [N, C]
    const at::Tensor log_q = at::log_softmax(student.logits / temperature, 1);  // [N, C]
    const at::Tensor mean = mean_over_labels(targets, [&](const at::Tensor& labels) {
      const TargetSplit p = split_at(labels, log_p), q = split_at(labels, log_q);
      const at::Tensor target =
          divergence_terms(p.log_target, q.log_target) + divergence_terms(p.log_rest, q.log_rest);  // [N]
      // At y both logarithms are 0, and so is the difference.
      return options_.alpha * target + options_.beta * divergence_of_rows(p.log_others, q.log_others);
    });
    return mean * (temperature * temperature);
  }

 private:
  DkdOptions options_;
};

}  // namespace

void register_dkd(Catalogue& catalogue) {
  catalogue.add<Loss, DkdOptions>(
      Slot::loss,
      {.name = "dkd",
       .summary = "Decoupled distillation: divergence of the label's class and of the other classes, weighed "
                  "separately.",
       .formula = "T^2 (alpha KL(b_T, b_S) + beta KL(r_T, r_S)), b = (p_y, 1 - p_y), r = p over the classes but y, "
                  "renormalized, p = softmax(v/T); mean over labelled examples",
       .source = "Zhao et al. 2022, section 3",
       .principal = "temperature",
       .needs_teacher = true},
      [](const DkdOptions& options) { return std::make_unique<Dkd>(options); });
}

}  // namespace limbeck
