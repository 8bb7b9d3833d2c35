// Regression of the teacher's logits.
//   L = 1/(2N) Σ_n Σ_c (z_nc − v_nc)²
// The gradient is (z − v)/N; soft targets at high T with logits of zero mean have that gradient over C (Hinton et al.
// 2015, equation 4, with the factor T² of `soft_targets`). `normalize` measures each logit in units of its deviation
// σ_c over the teacher's outputs on the training set; the means cancel, and the student's logits stay logits:
//   L = 1/(2N) Σ_n Σ_c ((z_nc − μ_c)/σ_c − (v_nc − μ_c)/σ_c)²
// `distance` is what of each difference d is summed: squares, d²/2 as above; absolute, |d|; huber, d²/2 where |d| ≤ 1
// and |d| − 1/2 beyond (P. J. Huber 1964), whose gradient is never larger than 1.

#include <ATen/TensorOperators.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/where.h>

#include "core/error.h"
#include "limbeck/loss.h"

namespace limbeck {
namespace {

enum class LogitDistance { squares, absolute, huber };

struct LogitRegressionOptions {
  bool normalize = false;
  LogitDistance distance = LogitDistance::squares;
  void bind(Fields& fields) {
    fields.flag("normalize", normalize,
                "divide each logit by its deviation over the teacher's outputs on the training set");
    fields.choice<LogitDistance>(
        "distance", distance,
        {{"squares", LogitDistance::squares}, {"absolute", LogitDistance::absolute}, {"huber", LogitDistance::huber}},
        "of a difference d: squares, d^2 / 2; absolute, |d|; huber, d^2 / 2 up to 1 and |d| - 1/2 beyond");
  }
};

class LogitRegression : public Loss {
 public:
  explicit LogitRegression(const LogitRegressionOptions& options) : options_(options) {}

  LossNeeds needs() const override { return {.teacher_logits = true, .teacher_statistics = options_.normalize}; }

  void use(const TeacherStatistics& statistics) override {
    constexpr double kLeast = 1e-6;  // a logit that never changes has no unit of its own: it is measured as it is
    deviation_ = at::where(statistics.deviation.gt(kLeast), statistics.deviation, at::ones_like(statistics.deviation));
  }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    require_same_shape(student, teacher);
    at::Tensor difference = student.logits - teacher.logits.detach();  // [N, C]
    if (options_.normalize) {
      if (!deviation_.defined()) throw Error("logit_regression: normalize needs the teacher's statistics first");
      difference = difference / deviation_;
    }
    const auto examples = static_cast<double>(difference.size(0));
    if (options_.distance == LogitDistance::squares) return difference.square().sum() / (2 * examples);
    const at::Tensor size = difference.abs();
    if (options_.distance == LogitDistance::absolute) return size.sum() / examples;
    const at::Tensor up_to_one = size.clamp_max(1);
    return (up_to_one * (size - up_to_one / 2)).sum() / examples;
  }

 private:
  LogitRegressionOptions options_;
  at::Tensor deviation_;  // [C]
};

}  // namespace

void register_logit_regression(Catalogue& catalogue) {
  catalogue.add<Loss, LogitRegressionOptions>(
      Slot::loss,
      {.name = "logit_regression",
       .summary = "Distance between the student's logits and the teacher's: half the squares, absolute, or Huber's.",
       .formula =
           "1/2 sum_c ((z_c - v_c) / s_c)^2, s_c = 1 or the deviation of v_c over the training set; mean over examples",
       .source = "Ba and Caruana 2014, section 2.2",
       .needs_teacher = true},
      [](const LogitRegressionOptions& options) { return std::make_unique<LogitRegression>(options); });
}

}  // namespace limbeck
