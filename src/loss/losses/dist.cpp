// Distillation of relations: the student's probabilities are to correlate with the teacher's, not to be equal.
//   P = softmax(v / T) of the teacher, Q = softmax(z / T) of the student, [N, C]
//   ρ(x, y) = Σ (x − x̄)(y − ȳ) / (‖x − x̄‖ ‖y − ȳ‖ + ε), ε = 10⁻⁸              Pearson's correlation
//   L = T² (β (1 − mean of ρ over the N rows) + γ (1 − mean of ρ over the C columns))
// T. Huang, S. You, F. Wang, C. Qian, C. Xu, "Knowledge distillation from a stronger teacher", NeurIPS 2022, arXiv
// 2205.10536, section 4; T² is of its authors' code, with T = 1 both are the same. A row or a column that does
// not vary has the correlation 0. So has, nearly, a column whose probabilities are all below 10⁻⁴ or so, which matters
// with many classes and small batches. Columns are of one batch: the loss of a batch is not a mean of its examples'.
//   loss: [ { dist: { weight: 2 } }, hard_labels ]

#include <ATen/TensorOperators.h>
#include <ATen/ops/softmax.h>

#include "limbeck/loss.h"

namespace limbeck {
namespace {

struct DistOptions {
  double temperature = 1;
  double beta = 1;
  double gamma = 1;
  void bind(Fields& fields) {
    fields.number("temperature", temperature, above(0), "T, the same for teacher and student");
    fields.number("beta", beta, at_least(0), "weight of the correlation over the classes of an example");
    fields.number("gamma", gamma, at_least(0),
                  "weight of the correlation over the examples of a batch, for each class");
  }
};

/// [N, C], [N, C] → [N]: Pearson's correlation of each row.
at::Tensor correlation_of_rows(const at::Tensor& one, const at::Tensor& other) {
  constexpr double kEpsilon = 1e-8;
  const at::Tensor x = one - one.mean(1, /*keepdim=*/true), y = other - other.mean(1, /*keepdim=*/true);
  return (x * y).sum(1) / (x.norm(2, {1}) * y.norm(2, {1}) + kEpsilon);
}

class Dist : public Loss {
 public:
  explicit Dist(const DistOptions& options) : options_(options) {}

  LossNeeds needs() const override { return {.teacher_logits = true, .compares_examples = true}; }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    require_same_shape(student, teacher);
    const double temperature = options_.temperature;
    const at::Tensor p = teacher.log_probabilities(temperature).exp();  // [N, C]
    const at::Tensor q = at::softmax(student.logits / temperature, 1);  // [N, C]
    const at::Tensor of_examples = 1 - correlation_of_rows(q, p).mean(),
                     of_classes = 1 - correlation_of_rows(q.t(), p.t()).mean();
    return (options_.beta * of_examples + options_.gamma * of_classes) * (temperature * temperature);
  }

 private:
  DistOptions options_;
};

}  // namespace

void register_dist(Catalogue& catalogue) {
  catalogue.add<Loss, DistOptions>(
      Slot::loss,
      {.name = "dist",
       .summary = "Correlation with the teacher's probabilities: of each example over classes, of each class over the "
                  "batch.",
       .formula =
           "T^2 (beta (1 - mean_n r(Q_n, P_n)) + gamma (1 - mean_c r(Q_:c, P_:c))), r Pearson's correlation, P = "
           "softmax(v/T), Q = softmax(z/T)",
       .source = "Huang et al. 2022, section 4",
       .principal = "temperature",
       .needs_teacher = true},
      [](const DistOptions& options) { return std::make_unique<Dist>(options); });
}

}  // namespace limbeck
