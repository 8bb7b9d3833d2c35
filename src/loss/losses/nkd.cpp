// Normalized knowledge distillation: the cross-entropy with the teacher's distribution, of which the part of the other
// classes is normalized.
//   p = softmax(v), q = softmax(z) at T = 1; p^_c, q^_c: softmax(v / T), softmax(z / T) over the classes but the label
//   L = 1/N Σ_n (−p_y log q_y − γ T² Σ_{c ≠ y} p^_c log q^_c)       over the N examples that have a label
// Z. Yang, A. Zeng, Z. Li, T. Zhang, C. Yuan, Y. Li, "From knowledge distillation to self-knowledge distillation: a
// unified approach with normalized loss and customized soft labels", ICCV 2023, arXiv 2303.13005. The
// cross-entropy with the label itself stays a term of its own, `hard_labels`. The authors take T = 1 and γ = 1.5 for
// ImageNet. Of examples that are mixed in pairs (mixup), the two labels' by their shares.
//   loss: [ nkd, hard_labels ]

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>

#include "limbeck/loss.h"
#include "loss/target_split.h"

namespace limbeck {
namespace {

struct NkdOptions {
  double temperature = 1;
  double gamma = 1.5;
  void bind(Fields& fields) {
    fields.number("temperature", temperature, above(0), "T of the other classes; the label's class has 1");
    fields.number("gamma", gamma, at_least(0), "weight of the distribution over the other classes");
  }
};

class Nkd : public Loss {
 public:
  explicit Nkd(const NkdOptions& options) : options_(options) {}

  LossNeeds needs() const override { return {.teacher_logits = true, .labels = true}; }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets& targets) const override {
    require_same_shape(student, teacher);
    const double temperature = options_.temperature;
    const at::Tensor log_p = teacher.log_probabilities(1), softened_p = teacher.log_probabilities(temperature);
    const at::Tensor log_q = at::log_softmax(student.logits, 1),
                     softened_q = at::log_softmax(student.logits / temperature, 1);  // [N, C]
    return mean_over_labels(targets, [&](const at::Tensor& labels) {
      const at::Tensor target = split_at(labels, log_p).log_target.exp() * split_at(labels, log_q).log_target;  // [N]
      const TargetSplit p = split_at(labels, softened_p), q = split_at(labels, softened_q);
      const at::Tensor others = (p.log_others.exp() * q.log_others).sum(1);  // at y, log q^ is 0
      return -target - options_.gamma * temperature * temperature * others;
    });
  }

 private:
  NkdOptions options_;
};

}  // namespace

void register_nkd(Catalogue& catalogue) {
  catalogue.add<Loss, NkdOptions>(
      Slot::loss,
      {.name = "nkd",
       .summary =
           "Normalized distillation: cross-entropy at the label's class and, normalized, over the other classes.",
       .formula =
           "-p_y log q_y - gamma T^2 sum_{c != y} r_c log s_c, p = softmax(v), q = softmax(z), r and s at T over "
           "the classes but y; mean over labelled examples",
       .source = "Yang et al. 2023",
       .principal = "gamma",
       .needs_teacher = true},
      [](const NkdOptions& options) { return std::make_unique<Nkd>(options); });
}

}  // namespace limbeck
