// Regression of the teacher's logits.
//   L = 1/(2N) Σ_n Σ_c (z_nc − v_nc)²
// The gradient is (z − v)/N; soft targets at high T with logits of zero mean have that gradient over C (Hinton et al. 2015,
// equation 4, with the factor T² of `soft_targets`).
#include <torch/types.h>

#include "loss/loss.h"

namespace limbeck {
namespace {

class LogitRegression : public Loss {
 public:
  LossNeeds needs() const override { return {.teacher_logits = true}; }

  torch::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    require_same_shape(student, teacher);
    const torch::Tensor difference = student.logits - teacher.logits.detach();  // [N, C]
    return difference.square().sum() / (2 * static_cast<double>(difference.size(0)));
  }
};

}  // namespace

void register_logit_regression(Catalogue& catalogue) {
  catalogue.add<Loss, NoOptions>(Slot::loss,
                                 {.name = "logit_regression",
                                  .summary = "Half the squared distance between the student's logits and the teacher's.",
                                  .formula = "1/2 sum_c (z_c - v_c)^2, mean over examples",
                                  .source = "Ba and Caruana 2014, section 2.2",
                                  .needs_teacher = true},
                                 [](const NoOptions&) { return std::make_unique<LogitRegression>(); });
}

}  // namespace limbeck
