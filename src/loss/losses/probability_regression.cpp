// Regression of the teacher's probabilities.
//   p = softmax(v / T), q = softmax(z / T)        L = 1/(2N) Σ_n Σ_c (q_nc − p_nc)²
// Ba and Caruana compare it with logit regression: what two logits far below the largest tell of each other is lost in
// it.

#include <ATen/TensorOperators.h>
#include <ATen/ops/softmax.h>

#include "limbeck/loss.h"

namespace limbeck {
namespace {

struct ProbabilityRegressionOptions {
  double temperature = 1;
  void bind(Fields& fields) {
    fields.number("temperature", temperature, above(0), "T, the same for teacher and student");
  }
};

class ProbabilityRegression : public Loss {
 public:
  explicit ProbabilityRegression(const ProbabilityRegressionOptions& options) : options_(options) {}

  LossNeeds needs() const override { return {.teacher_logits = true}; }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    require_same_shape(student, teacher);
    const at::Tensor p = teacher.log_probabilities(options_.temperature).exp();  // [N, C]
    const at::Tensor q = at::softmax(student.logits / options_.temperature, 1);  // [N, C]
    return (q - p).square().sum() / (2 * static_cast<double>(q.size(0)));
  }

 private:
  ProbabilityRegressionOptions options_;
};

}  // namespace

void register_probability_regression(Catalogue& catalogue) {
  catalogue.add<Loss, ProbabilityRegressionOptions>(
      Slot::loss,
      {.name = "probability_regression",
       .summary = "Half the squared distance between the student's softened distribution and the teacher's.",
       .formula = "1/2 sum_c (q_c - p_c)^2, p = softmax(v/T), q = softmax(z/T), mean over examples",
       .source = "Ba and Caruana 2014, section 2.2",
       .principal = "temperature",
       .needs_teacher = true},
      [](const ProbabilityRegressionOptions& options) { return std::make_unique<ProbabilityRegression>(options); });
}

}  // namespace limbeck
