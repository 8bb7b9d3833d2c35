// Hints: a layer of the student learns to predict a layer of the teacher, through a regressor that is trained with it.
//   u = the teacher's feature, "hint" (option from)       v = the student's feature, "guided" (option to)
//   r(v; W) = W v + b, at each place of a picture (a 1×1 convolution), or of a vector (a linear layer)
//   L = 1/(2N) Σ_n ‖u(x_n) − r(v(x_n); W)‖²                summed over all numbers of the feature
// A. Romero, N. Ballas, S. Ebrahimi Kahou, A. Chassang, C. Gatta, Y. Bengio, "FitNets: Hints for thin deep nets", ICLR
// 2015, arXiv 1412.6550, equation 3. There the hint is a stage of its own, before distillation, and the regressor has
// kernels that make the sizes equal; here pictures of unequal sizes are averaged to the smaller one. Where the hint is
// one term beside others, `reduction: mean` is usual, L = mean over all numbers of (u − r(v))²: the code of the
// well-known collections weighs that by 100, with batch norm and ReLU after the convolution.
//   loss: [ { fitnet: { from: layer2, reduction: mean, weight: 100 } }, hard_labels ]

#include <ATen/TensorOperators.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/linear.h>

#include "core/error.h"
#include "limbeck/loss.h"
#include "loss/pooling.h"

namespace limbeck {
namespace {

enum class HintReduction { batchmean, mean };

struct FitNetOptions {
  std::string from;
  std::string to;
  HintReduction reduction = HintReduction::batchmean;
  void bind(Fields& fields) {
    fields.feature("from", from, Presence::required, "the teacher's feature, which is predicted");
    fields.feature("to", to, Presence::optional,
                   "the student's feature, from which it is predicted; none: the one of the same name");
    fields.choice<HintReduction>("reduction", reduction,
                                 {{"batchmean", HintReduction::batchmean}, {"mean", HintReduction::mean}},
                                 "batchmean: half the squared distance, averaged over examples, as in the paper; mean: "
                                 "the mean square over all numbers of the feature");
  }
};

class FitNet : public Loss {
 public:
  explicit FitNet(FitNetOptions options) : options_(std::move(options)) {
    if (options_.to.empty()) options_.to = options_.from;
  }

  LossNeeds needs() const override {
    return {.student_logits = false, .shapes = true, .student_taps = {options_.to}, .teacher_taps = {options_.from}};
  }

  void prepare(const LossShapes& shapes, LossParameters& parameters) override {
    const Shape& guided = feature_of(shapes.student_features, options_.to, "student");
    const Shape& hint = feature_of(shapes.teacher_features, options_.from, "teacher");
    const bool pictures = guided.size() == 3 && hint.size() == 3;
    if (!pictures && (guided.size() != 1 || hint.size() != 1))
      refuse_features({options_.to, guided}, {options_.from, hint},
                      "two pictures [channels, height, width], or two vectors");
    const int64_t in = guided[0], out = hint[0];
    Shape weight = {out, in};
    if (pictures) weight.insert(weight.end(), {1, 1});
    weight_ = parameters.make({.name = "weight", .shape = weight, .fan_in = in, .fan_out = out});
    bias_ = parameters.make({.name = "bias", .shape = {out}, .fan_in = in, .fan_out = out});
  }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    if (!weight_.defined()) throw Error("fitnet: the shapes of the features are needed first");
    PooledPair pair{feature_of(student.features, options_.to, "student"),
                    feature_of(teacher.features, options_.from, "teacher").detach()};
    const at::Tensor weight = weight_.to(pair.student.scalar_type()), bias = bias_.to(pair.student.scalar_type());
    at::Tensor predicted;
    if (pair.student.dim() == 4) {
      pair = pooled_to_one_size(pair.student, pair.teacher);
      predicted = at::conv2d(pair.student, weight, bias);
    } else {
      predicted = at::linear(pair.student, weight, bias);
    }
    const at::Tensor squares = (pair.teacher - predicted).square();
    if (options_.reduction == HintReduction::mean) return squares.mean();
    return squares.sum() / (2 * static_cast<double>(squares.size(0)));
  }

 private:
  FitNetOptions options_;
  at::Tensor weight_, bias_;  // [out, in, 1, 1] or [out, in]; [out]
};

}  // namespace

void register_fitnet(Catalogue& catalogue) {
  catalogue.add<Loss, FitNetOptions>(
      Slot::loss,
      {.name = "fitnet",
       .summary = "A hint: a feature of the student predicts one of the teacher through a trained layer.",
       .formula = "1/2 |u - (W v + b)|^2, u a feature of the teacher, v of the student, W and b trained; mean over "
                  "examples",
       .source = "Romero et al. 2015, section 2.2",
       .principal = "from",
       .needs_teacher = true},
      [](const FitNetOptions& options) { return std::make_unique<FitNet>(options); });
}

}  // namespace limbeck
