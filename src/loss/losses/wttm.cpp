// Weighted transformed teacher matching: `ttm`, in which an example counts the more, the less sure the teacher is.
//   p_T = p^(1/T) / U, p = softmax(v), U = Σ_c p_c^(1/T)        q = softmax(z)
//   L = 1/N Σ_n U_n Σ_c p_T,c (log p_T,c − log q_c)
// K. Zheng, E.-H. Yang, "Knowledge distillation based on transformed teacher matching", ICLR 2024, arXiv 2402.11148.
// With T > 1 the power sum U is from 1, where the teacher is sure, to C^(1 − 1/T), where it is uniform.

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>

#include "limbeck/loss.h"
#include "loss/divergence.h"
#include "loss/transformed_teacher.h"

namespace limbeck {
namespace {

struct WttmOptions {
  double temperature = 4;
  void bind(Fields& fields) { fields.number("temperature", temperature, above(0), "T, of the teacher alone"); }
};

class Wttm : public Loss {
 public:
  explicit Wttm(const WttmOptions& options) : options_(options) {}

  LossNeeds needs() const override { return {.teacher_logits = true}; }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    require_same_shape(student, teacher);
    const auto [log_p, log_sum] = transformed(teacher, options_.temperature);
    const at::Tensor log_q = at::log_softmax(student.logits, 1);  // [N, C]
    return (log_sum.exp() * divergence_of_rows(log_p, log_q)).mean();
  }

 private:
  WttmOptions options_;
};

}  // namespace

void register_wttm(Catalogue& catalogue) {
  catalogue.add<Loss, WttmOptions>(
      Slot::loss,
      {.name = "wttm",
       .summary = "Transformed teacher matching with examples weighed by the power sum of the teacher's distribution.",
       .formula =
           "U sum_c p_c (log p_c - log q_c), p = softmax(v/T), q = softmax(z), U = sum_c softmax(v)_c^(1/T); mean "
           "over examples",
       .source = "Zheng, Yang 2024",
       .principal = "temperature",
       .needs_teacher = true},
      [](const WttmOptions& options) { return std::make_unique<Wttm>(options); });
}

}  // namespace limbeck
