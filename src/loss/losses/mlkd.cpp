// Multi-level logit distillation: probabilities of examples, similarities of examples and of classes, at several
// temperatures.
//   P_T = softmax(v / T) of the teacher, Q_T = softmax(z / T) of the student, [N, C]
//   instance: T²/N Σ_n KL(P_n ‖ Q_n)        batch: 1/N ‖Q Qᵀ − P Pᵀ‖²_F        class: 1/C ‖Qᵀ Q − Pᵀ P‖²_F
//   L = Σ_T (instance + batch + class), each with a weight
// Y. Jin, J. Wang, D. Lin, "Multi-level logit distillation", CVPR 2023. The authors' program also shows
// each picture in a weak and a strong view and leaves out examples of which the teacher is not sure: that is not part
// of this loss. The matrices are of one batch: with k times the examples, batch is about k times as large and class k²
// times, so that weights are for one batch size.

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>

#include "limbeck/loss.h"
#include "loss/divergence.h"

namespace limbeck {
namespace {

struct MlkdOptions {
  std::vector<double> temperatures = {2, 3, 4, 5, 6};
  double instance = 1;
  double batch = 1;
  double classes = 1;
  void bind(Fields& fields) {
    fields.numbers("temperatures", temperatures, above(0), {.least = 1},
                   "T, the same for teacher and student; the loss is a sum over them");
    fields.number("instance", instance, at_least(0), "weight of the divergence of each example");
    fields.number("batch", batch, at_least(0), "weight of the similarities of examples");
    fields.number("class", classes, at_least(0), "weight of the similarities of classes");
  }
};

/// ‖A Aᵀ − B Bᵀ‖²_F / rows
at::Tensor distance_of_similarities(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor difference = at::matmul(a, a.t()) - at::matmul(b, b.t());
  return difference.square().sum() / static_cast<double>(a.size(0));
}

class Mlkd : public Loss {
 public:
  explicit Mlkd(MlkdOptions options) : options_(std::move(options)) {}

  LossNeeds needs() const override { return {.teacher_logits = true, .compares_examples = true}; }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    require_same_shape(student, teacher);
    at::Tensor sum;
    for (const double temperature : options_.temperatures) {
      const at::Tensor log_p = teacher.log_probabilities(temperature);            // [N, C]
      const at::Tensor log_q = at::log_softmax(student.logits / temperature, 1);  // [N, C]
      const at::Tensor p = log_p.exp(), q = log_q.exp();
      const at::Tensor own = options_.instance * temperature * temperature * divergence_of_rows(log_p, log_q).mean() +
                             options_.batch * distance_of_similarities(q, p) +
                             options_.classes * distance_of_similarities(q.t(), p.t());
      sum = sum.defined() ? sum + own : own;
    }
    return sum;
  }

 private:
  MlkdOptions options_;
};

}  // namespace

void register_mlkd(Catalogue& catalogue) {
  catalogue.add<Loss, MlkdOptions>(
      Slot::loss,
      {.name = "mlkd",
       .summary = "Multi-level distillation: divergence, similarities of examples and of classes, at several "
                  "temperatures.",
       .formula = "sum_T (instance T^2 mean_n KL(P_n, Q_n) + batch |Q Q' - P P'|^2 / N + class |Q' Q - P' P|^2 / C), P "
                  "= softmax(v/T), Q = softmax(z/T)",
       .source = "Jin et al. 2023",
       .principal = "temperatures",
       .needs_teacher = true},
      [](const MlkdOptions& options) { return std::make_unique<Mlkd>(options); });
}

}  // namespace limbeck
