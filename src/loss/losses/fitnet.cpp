// Hints: a layer of the student learns to predict a layer of the teacher, through a regressor that is trained with it.
//   u = the teacher's feature, "hint" (option from)       v = the student's feature, "guided" (option to)
//   r(v; W) = W v + b, at each place of a picture (a 1×1 convolution), or of a vector (a linear layer)
//   L = 1/(2N) Σ_n ‖u(x_n) − r(v(x_n); W)‖²                summed over all numbers of the feature, and over pairs
// A. Romero, N. Ballas, S. Ebrahimi Kahou, A. Chassang, C. Gatta, Y. Bengio, "FitNets: Hints for thin deep nets", ICLR
// 2015, arXiv 1412.6550, equation 3. There the hint is a stage of its own, before distillation, and the regressor has
// kernels that make the sizes equal; here pictures of unequal sizes are averaged to the smaller one. Where the hint is
// one term beside others, `reduction: mean` is usual, L = mean over all numbers of (u − r(v))²: the code of the
// well-known collections weighs that by 100, with batch norm and ReLU after the convolution.
//   loss: [ { fitnet: { from: layer2, reduction: mean, weight: 100 } }, hard_labels ]

#include <ATen/TensorOperators.h>

#include "loss/loss_layers.h"

namespace limbeck {
namespace {

enum class HintReduction { batchmean, mean };

struct FitNetOptions : FeaturePairs {
  FitNetOptions() : FeaturePairs(Places::middle) {}
  HintReduction reduction = HintReduction::batchmean;
  void bind(Fields& fields) {
    FeaturePairs::bind(fields);
    fields.choice<HintReduction>("reduction", reduction,
                                 {{"batchmean", HintReduction::batchmean}, {"mean", HintReduction::mean}},
                                 "batchmean: half the squared distance, averaged over examples, as in the paper; mean: "
                                 "the mean square over all numbers of the feature");
  }
};

class FitNet : public Loss {
 public:
  explicit FitNet(FitNetOptions options) : options_(std::move(options)) {}

  LossNeeds needs() const override { return options_.needs(); }

  void prepare(const LossShapes& shapes, LossParameters& parameters) override {
    regressors_ = connectors(parameters, options_.of(shapes));
  }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    size_t next = 0;
    return sum_over(options_.of(student, teacher), [&](const FeaturePair& pair) {
      const auto [predicted, hint] = regressors_.at(next++)(pair);
      const at::Tensor squares = (hint - predicted).square();
      if (options_.reduction == HintReduction::mean) return squares.mean();
      return squares.sum() / (2 * static_cast<double>(squares.size(0)));
    });
  }

 private:
  FitNetOptions options_;
  std::vector<Connector> regressors_;
};

}  // namespace

void register_fitnet(Catalogue& catalogue) {
  catalogue.add<Loss, FitNetOptions>(
      Slot::loss,
      {.name = "fitnet",
       .aliases = {"hint"},
       .summary = "A hint: a feature of the student predicts one of the teacher through a trained layer.",
       .formula = "1/2 |u - (W v + b)|^2, u a feature of the teacher, v of the student, W and b trained; mean over "
                  "examples",
       .source = "Romero et al. 2015, section 2.2",
       .principal = "from",
       .needs_teacher = true},
      [](const FitNetOptions& options) { return std::make_unique<FitNet>(options); });
}

}  // namespace limbeck
