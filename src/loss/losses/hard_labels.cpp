// Cross-entropy with the labels.
//   L = −(1/N) Σ_n log softmax(z_n)[y_n]     over the N examples that have a label
#include <torch/types.h>

#include "loss/loss.h"

namespace limbeck {
namespace {

class HardLabels : public Loss {
 public:
  LossNeeds needs() const override { return {.labels = true}; }

  torch::Tensor value(const Outputs& student, const TeacherOutputs&, const Targets& targets) const override {
    const torch::Tensor log_p = torch::log_softmax(student.logits, 1);  // [N, C]
    const torch::Tensor sum = torch::nll_loss(log_p, targets.labels, {}, torch::Reduction::Sum, /*ignore_index=*/-1);
    return sum / targets.labels.ge(0).sum().clamp_min(1);
  }
};

}  // namespace

void register_hard_labels(Catalogue& catalogue) {
  catalogue.add<Loss, NoOptions>(Slot::loss,
                                 {.name = "hard_labels",
                                  .summary = "Cross-entropy with the labels; unlabelled examples do not count.",
                                  .formula = "-log softmax(z)[y]",
                                  .source = "Hinton et al. 2015, section 2"},
                                 [](const NoOptions&) { return std::make_unique<HardLabels>(); });
}

}  // namespace limbeck
