// Transformed teacher matching: soft targets of which the student has no temperature.
//   p_T = p^(1/T) / U, p = softmax(v), U = Σ_c p_c^(1/T); of one network: softmax(v / T)        q = softmax(z)
//   L = 1/N Σ_n Σ_c p_T,c (log p_T,c − log q_c)
// K. Zheng, E.-H. Yang, "Knowledge distillation based on transformed teacher matching", ICLR 2024, arXiv 2402.11148;
// their γ is 1/T. It is the divergence at T with the Rényi entropy of q, of order 1/T, as a regularizer:
//   H(p_T, q) = T H(p_T, q_T) − (T − 1) H_{1/T}(q)
// There is no factor T²: the gradient is q − p_T.

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>

#include "limbeck/loss.h"
#include "loss/divergence.h"
#include "loss/transformed_teacher.h"

namespace limbeck {
namespace {

struct TtmOptions {
  double temperature = 4;
  void bind(Fields& fields) { fields.number("temperature", temperature, above(0), "T, of the teacher alone"); }
};

class Ttm : public Loss {
 public:
  explicit Ttm(const TtmOptions& options) : options_(options) {}

  LossNeeds needs() const override { return {.teacher_logits = true}; }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    require_same_shape(student, teacher);
    const at::Tensor log_q = at::log_softmax(student.logits, 1);  // [N, C]
    return divergence_of_rows(transformed(teacher, options_.temperature).log_p, log_q).mean();
  }

 private:
  TtmOptions options_;
};

}  // namespace

void register_ttm(Catalogue& catalogue) {
  catalogue.add<Loss, TtmOptions>(
      Slot::loss,
      {.name = "ttm",
       .summary = "Transformed teacher matching: divergence from the teacher at T of the student at temperature 1.",
       .formula = "sum_c p_c (log p_c - log q_c), p = softmax(v/T), q = softmax(z); mean over examples",
       .source = "Zheng, Yang 2024",
       .principal = "temperature",
       .needs_teacher = true},
      [](const TtmOptions& options) { return std::make_unique<Ttm>(options); });
}

}  // namespace limbeck
