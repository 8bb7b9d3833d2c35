// Cross-entropy with smoothed labels.
//   q' = (1 − a) q + a / C        L = −(1/N) Σ_n Σ_c q'_nc log softmax(z_n)_c     over the N examples that have a label
// Of examples that are mixed in pairs (mixup), the two labels' by their shares: λ L(y_i) + (1 − λ) L(y_j); see
// LabelSums. It is distillation from the uniform teacher u at T = 1: (1 − a) H(q, p) + a KL(u ‖ p) is this loss less a
// log C, which is constant (Yuan et al. 2019, equation 5). `form: kl` gives that value; the gradient is the same.
// `over: others` spreads a over the C − 1 other classes, as the code of Yuan et al. does: q'_y = 1 − a, q'_c = a / (C −
// 1).

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>

#include <cmath>

#include "limbeck/loss.h"

namespace limbeck {
namespace {

enum class SmoothingForm { cross_entropy, kl };
enum class Over { all, others };

struct LabelSmoothingOptions {
  double amount = 0.1;
  SmoothingForm form = SmoothingForm::cross_entropy;
  Over over = Over::all;
  void bind(Fields& fields) {
    fields.number("amount", amount, from_below(0, 1), "a: the share of each label that is spread over all classes");
    fields.choice<SmoothingForm>(
        "form", form, {{"cross_entropy", SmoothingForm::cross_entropy}, {"kl", SmoothingForm::kl}},
        "value reported: cross-entropy with the smoothed labels, or (1 - a) H(q, p) + a KL(u, p)");
    fields.choice<Over>("over", over, {{"all", Over::all}, {"others", Over::others}},
                        "a is spread over all classes, or over all but the label's, as the code of Yuan et al. does");
    fields.require(form == SmoothingForm::cross_entropy || over == Over::all,
                   "form kl is of labels spread over all classes");
  }
};

class LabelSmoothing : public Loss {
 public:
  explicit LabelSmoothing(const LabelSmoothingOptions& options) : options_(options) {}

  LossNeeds needs() const override { return {.labels = true}; }

  at::Tensor value(const Outputs& student, const TeacherOutputs&, const Targets& targets) const override {
    // a spread over the other classes alone is a C/(C − 1) spread over all.
    const auto classes = static_cast<double>(student.logits.size(1));
    const double a = options_.amount * (options_.over == Over::others && classes > 1 ? classes / (classes - 1) : 1);
    const at::Tensor log_p = at::log_softmax(student.logits, 1);  // [N, C]
    const auto [hard, weights] = label_sums(log_p, targets);
    const at::Tensor uniform = -(log_p.mean(1) * weights).masked_fill(weights.eq(0), 0).sum();
    const at::Tensor count = weights.sum();
    const double constant = options_.form == SmoothingForm::kl ? a * std::log(static_cast<double>(log_p.size(1))) : 0;
    return ((1 - a) * hard + a * uniform - constant * count) / (count + count.eq(0));
  }

 private:
  LabelSmoothingOptions options_;
};

}  // namespace

void register_label_smoothing(Catalogue& catalogue) {
  catalogue.add<Loss, LabelSmoothingOptions>(
      Slot::loss,
      {.name = "label_smoothing",
       .summary = "Cross-entropy with labels of which a share is spread over all classes: the uniform teacher.",
       .formula = "-sum_c q'_c log p_c, q' = (1 - a) q + a / C, p = softmax(z), mean over labelled examples",
       .source = "Szegedy et al. 2016; as distillation: Yuan et al. 2019, section 3",
       .principal = "amount"},
      [](const LabelSmoothingOptions& options) { return std::make_unique<LabelSmoothing>(options); });
}

}  // namespace limbeck
