// Soft targets at temperature T.
//   p = softmax(v / T) of the teacher, q = softmax(z / T) of the student
//   L = T² · (1/N) Σ_n Σ_c p_nc (log p_nc − log q_nc)        summed over classes, averaged over examples
// The factor T² keeps the size of the gradient, (q − p)/T per logit without it, alike at all temperatures, so that weights
// mean the same at any T. The cross-entropy −Σ p log q differs by the entropy of p, which is constant: same gradient.
#include <torch/types.h>

#include "loss/loss.h"

namespace limbeck {
namespace {

enum class Form { kl, cross_entropy };

struct SoftTargetsOptions {
  double temperature = 4;
  Form form = Form::kl;
  void bind(Fields& fields) {
    fields.number("temperature", temperature, above(0), "T, the same for teacher and student");
    fields.choice<Form>("form", form, {{"kl", Form::kl}, {"cross_entropy", Form::cross_entropy}},
                        "value reported: divergence from the teacher, or cross-entropy; the gradient is the same");
  }
};

class SoftTargets : public Loss {
 public:
  explicit SoftTargets(const SoftTargetsOptions& options) : options_(options) {}

  LossNeeds needs() const override { return {.teacher_logits = true}; }

  torch::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    const double temperature = options_.temperature;
    const torch::Tensor log_p = teacher.log_probabilities(temperature);                   // [N, C]
    const torch::Tensor log_q = torch::log_softmax(student.logits / temperature, 1);      // [N, C]
    const torch::Tensor compared = options_.form == Form::kl ? log_p - log_q : -log_q;
    return (log_p.exp() * compared).sum() * (temperature * temperature / static_cast<double>(log_q.size(0)));
  }

 private:
  SoftTargetsOptions options_;
};

}  // namespace

void register_soft_targets(Catalogue& catalogue) {
  catalogue.add<Loss, SoftTargetsOptions>(
      Slot::loss,
      {.name = "soft_targets",
       .summary = "Divergence of the student's softened distribution from the teacher's.",
       .formula = "T^2 sum_c p_c (log p_c - log q_c), p = softmax(v/T), q = softmax(z/T), mean over examples",
       .source = "Hinton et al. 2015, section 2",
       .principal = "temperature",
       .needs_teacher = true},
      [](const SoftTargetsOptions& options) { return std::make_unique<SoftTargets>(options); });
}

}  // namespace limbeck
