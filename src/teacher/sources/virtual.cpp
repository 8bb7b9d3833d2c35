// The virtual teacher of Tf-KD_reg: no network, but a distribution made by hand that is right with probability a.
//   p^d(c) = a where c is the label, (1 − a)/(C − 1) otherwise
// form: paper — the teacher's logits are log p^d, so that a loss at temperature T sees p^d softened:
//   softmax(log p^d / T)   (Yuan et al. 2019, equation 9; a ≥ 0.9, T ≥ 20).
// form: code — what the authors' program computes: the probabilities themselves are divided by τ and put through
//   softmax(p^d / τ), which is nearly uniform, and the student stays at T = 1 without T². The teacher's logits are
//   p^d / τ; use it with `soft_targets: { temperature: 1, reduction: mean }` and the weight α·multiplier.

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>

#include <cmath>

#include "teacher/teacher.h"

namespace limbeck {
namespace {

enum class Form { paper, code };

struct VirtualTeacherOptions {
  double correct = 0.99;
  Form form = Form::paper;
  double divisor = 20;
  void bind(Fields& fields) {
    fields.number("correct", correct, {.low = 0, .high = 1, .low_open = true, .high_open = true},
                  "a: probability of the right class");
    fields.choice<Form>(
        "form", form, {{"paper", Form::paper}, {"code", Form::code}},
        "paper: log p^d, softened by the loss's temperature; code: p^d / divisor, as the authors' program");
    fields.number("divisor", divisor, above(0),
                  "form code: what the probabilities are divided by, there called temperature");
  }
};

class VirtualTeacher : public Teacher {
 public:
  VirtualTeacher(const VirtualTeacherOptions& options, int64_t classes) : options_(options), classes_(classes) {}

  TeacherOutputs outputs(const Batch& batch) const override {
    const double right = options_.correct, wrong = (1 - right) / static_cast<double>(classes_ - 1);
    const bool paper = options_.form == Form::paper;
    const auto logit = [&](double p) { return paper ? std::log(p) : p / options_.divisor; };
    at::Tensor logits = at::full({batch.size(), classes_}, logit(wrong), batch.inputs.options());
    logits.scatter_(1, batch.labels.unsqueeze(1), logit(right));
    return {.logits = logits};
  }

 private:
  VirtualTeacherOptions options_;
  int64_t classes_;
};

std::unique_ptr<Teacher> make_virtual(const VirtualTeacherOptions& options, const TeacherContext& context) {
  if (context.purpose == TeacherPurpose::evaluation) return nullptr;
  if (context.classes < 2) throw Error(ErrorKind::usage, "the virtual teacher needs at least two classes");
  if (context.examples.labels().lt(0).any().item<bool>())
    throw Error(ErrorKind::usage,
                "the virtual teacher is right about the labels, and there are examples without; leave them out "
                "with `extra: false` and `unlabelled: 0` in the stage's `examples`");
  if (context.augmenter.mixes())
    throw Error(
        ErrorKind::usage,
        "the virtual teacher is right about one label, and mixed examples have two; leave `mixup` and `cutmix` out of "
        "`augment`");
  return std::make_unique<VirtualTeacher>(options, context.classes);
}

}  // namespace

void register_virtual(Catalogue& catalogue) {
  catalogue.add<Teacher, VirtualTeacherOptions, const TeacherContext&>(
      Slot::teacher,
      {.name = "virtual",
       .summary =
           "No network: a distribution made by hand that names the right class with a given probability (Tf-KD_reg).",
       .formula = "p(c) = a where c = y, (1 - a)/(C - 1) otherwise; softened by T: softmax(log p / T); form code: "
                  "softmax(p / divisor)",
       .source = "Yuan et al. 2019, section 4.2",
       .principal = "correct"},
      make_virtual);
}

}  // namespace limbeck
