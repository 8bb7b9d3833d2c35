// Soft targets at temperature T.
//   p = softmax(v / T) of the teacher, q = softmax(z / T) of the student
//   L = T² · (1/N) Σ_n Σ_c p_nc (log p_nc − log q_nc)        summed over classes, averaged over examples
// `softened: probabilities` is p = softmax(softmax(v) / T), which a Keras project that many have copied computes: at T
// = 10 and ten classes a sure teacher's p is 0.109 for its class and 0.099 for each other. It is here to show what that
// does. `reduction: mean` divides by N·C instead: PyTorch's KLDivLoss as the code of Yuan et al. 2019 calls it. The
// factor T² keeps the size of the gradient, (q − p)/T per logit without it, alike at all temperatures, so that weights
// mean the same at any T. The cross-entropy −Σ p log q differs by the entropy of p, which is constant: same gradient.

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <vector>

#include "device/operators.h"
#include "limbeck/loss.h"
#include "loss/rowwise.h"

namespace limbeck {
namespace {

enum class Form { kl, cross_entropy };
/// What of the teacher is divided by T.
enum class Softened { logits, probabilities };
/// To which examples the loss applies.
enum class Applies { all, unlabelled };

struct SoftTargetsOptions {
  double temperature = 4;
  Form form = Form::kl;
  Reduction reduction = Reduction::batchmean;
  Softened softened = Softened::logits;
  Applies examples = Applies::all;
  void bind(Fields& fields) {
    fields.number("temperature", temperature, above(0), "T, the same for teacher and student");
    fields.choice<Form>("form", form, {{"kl", Form::kl}, {"cross_entropy", Form::cross_entropy}},
                        "value reported: divergence from the teacher, or cross-entropy; the gradient is the same");
    bind_reduction(fields, reduction);
    fields.choice<Softened>("softened", softened,
                            {{"logits", Softened::logits}, {"probabilities", Softened::probabilities}},
                            "what of the teacher is divided by T; probabilities is a known mistake, which makes all "
                            "targets nearly uniform");
    fields.choice<Applies>("examples", examples, {{"all", Applies::all}, {"unlabelled", Applies::unlabelled}},
                           "to which examples it applies, over which it is averaged");
  }
};

class SoftTargets : public Loss {
 public:
  explicit SoftTargets(const SoftTargetsOptions& options) : options_(options) {}

  LossNeeds needs() const override { return {.teacher_logits = true}; }

  at::Tensor value(const Outputs& student, const TeacherOutputs& given, const Targets& targets) const override {
    require_same_shape(student, given);
    if (options_.examples == Applies::all) return mean_over(student.logits, given);
    // The others are weighed with 0, and their logits are 0, of which nothing is infinite.
    const at::Tensor chosen = targets.labels.lt(0), applies = chosen.to(student.logits.scalar_type());  // [N]
    const auto only_chosen = [&](const at::Tensor& logits) {
      std::vector<int64_t> shape(static_cast<size_t>(logits.dim()), 1);
      shape[0] = -1;
      return at::where(chosen.reshape(shape), logits, at::zeros({}, logits.options()));
    };
    TeacherOutputs teacher{.logits = only_chosen(given.logits), .features = {}, .members = {}};
    if (given.members.defined()) teacher.members = only_chosen(given.members);
    const at::Tensor count = applies.sum(), each = divergences(only_chosen(student.logits), softened(teacher)).sum(1);
    const at::Tensor factor = at::where(count.gt(0), static_cast<double>(each.size(0)) / count, count);
    return (each * applies).sum() * factor * scale(student.logits);
  }

 private:
  TeacherOutputs softened(const TeacherOutputs& given) const {
    if (options_.softened == Softened::logits) return given;
    return {.logits = given.log_probabilities(1).exp(), .features = {}, .members = {}};
  }

  /// [N, C]: each class's share of the divergence of an example.
  at::Tensor divergences(const at::Tensor& student, const TeacherOutputs& teacher) const {
    const at::Tensor log_p = teacher.log_probabilities(options_.temperature);
    const at::Tensor log_q = at::log_softmax(student / options_.temperature, 1);
    return log_p.exp() * (options_.form == Form::kl ? log_p - log_q : -log_q);
  }

  at::Tensor mean_over(const at::Tensor& student, const TeacherOutputs& given) const {
    const TeacherOutputs teacher = softened(given);
    const bool one_network = !teacher.members.defined();
    if (one_network && can_go_rowwise(student) && can_go_rowwise(teacher.logits)) return fused(student, teacher.logits);
    if (one_network && is_on_device(student))
      return soft_target_loss(student, teacher.logits, options_.temperature, options_.form == Form::cross_entropy,
                              scale(student));
    return divergences(student, teacher).sum() * scale(student);
  }

  double scale(const at::Tensor& logits) const {
    return options_.temperature * options_.temperature * reduction_factor(options_.reduction, logits);
  }

  at::Tensor fused(const at::Tensor& student, const at::Tensor& teacher) const {
    const at::Tensor targets = teacher.contiguous();
    const int64_t classes = student.size(1);
    const double temperature = options_.temperature;
    const auto* v = targets.data_ptr<float>();
    std::vector<float> log_p(static_cast<size_t>(classes)), log_q(static_cast<size_t>(classes));
    return rowwise(student, scale(student), [&](int64_t row, const float* z, float* gradient) {
      log_softmax_row(v + row * classes, classes, temperature, log_p.data());
      log_softmax_row(z, classes, temperature, log_q.data());
      double sum = 0;
      for (size_t c = 0; c < log_p.size(); ++c) {
        const float p = std::exp(log_p[c]), q = std::exp(log_q[c]);
        sum += p * (options_.form == Form::kl ? log_p[c] - log_q[c] : -log_q[c]);
        gradient[c] = (q - p) / static_cast<float>(temperature);
      }
      return sum;
    });
  }

  SoftTargetsOptions options_;
};

}  // namespace

void register_soft_targets(Catalogue& catalogue) {
  catalogue.add<Loss, SoftTargetsOptions>(
      Slot::loss,
      {.name = "soft_targets",
       .aliases = {"kd"},
       .summary = "Divergence of the student's softened distribution from the teacher's.",
       .formula = "T^2 sum_c p_c (log p_c - log q_c), p = softmax(v/T), q = softmax(z/T), mean over examples",
       .source = "Hinton et al. 2015, section 2",
       .principal = "temperature",
       .needs_teacher = true},
      [](const SoftTargetsOptions& options) { return std::make_unique<SoftTargets>(options); });
}

}  // namespace limbeck
