// Activation boundaries: the neurons of the student are active where the teacher's are.
//   t: a number of the teacher's feature before its ReLU; the neuron is active if t > 0
//   s: the same number of the student's, through a trained connector, a 1×1 convolution and batch norm
//   L = Σ_j w_j 1/N Σ_n Σ max(m − s, 0)² where t > 0, max(m + s, 0)² elsewhere       m: the margin (option margin)
// summed over all numbers of a feature and over pairs j of features; w_j = 1, the paper's, or 2^(j−n+1) for pair j of n
// (option layers). B. Heo, M. Lee, S. Yun, J. Y. Choi, "Knowledge transfer via distillation of activation boundaries
// formed by hidden neurons", AAAI 2019, arXiv 1811.03233, equation 5: m = 1. Their code weighs it by 0.003, doubles
// the weights of layers, and trains by it alone for 30 epochs, before the labels. Features of unequal sizes are
// averaged to the smaller one.
// The natural features of our networks are after their ReLU, where t > 0 says the same. The student's should be named
// where they are before it: the sums that end the blocks of a residual network are named add, those of resnet56 and
// resnet20 as below.
//   loss:
//     - ab: { from: [layer1.8.add, layer2.8.add, layer3.8.add], to: [layer1.2.add, layer2.2.add, layer3.2.add],
//             layers: doubling, weight: 0.003 }
//     - hard_labels

#include <ATen/TensorOperators.h>

#include "loss/loss_layers.h"

namespace limbeck {
namespace {

struct AbOptions : FeaturePairs {
  AbOptions() : FeaturePairs(Places::stages) {}
  double margin = 1;
  PairWeights layers = PairWeights::equal;
  void bind(Fields& fields) {
    FeaturePairs::bind(fields);
    fields.number("margin", margin, above(0), "m, by which the student's neurons are to be active or not");
    bind_pair_weights(fields, layers);
  }
};

class Ab : public Loss {
 public:
  explicit Ab(AbOptions options) : options_(std::move(options)) {}

  LossNeeds needs() const override { return comparing_examples(options_.needs()); }

  void prepare(const LossShapes& shapes, LossParameters& parameters) override {
    connectors_ = normalized_connectors(parameters, options_.of(shapes));
  }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    size_t next = 0;
    return sum_over(options_.of(student, teacher), [&](const FeaturePair& pair) {
      const double weight = pair_weight(options_.layers, next, connectors_.size());
      const auto [s, t] = connectors_.at(next++)(pair);
      const at::Tensor sign = 2 * t.gt(0).to(s.scalar_type()) - 1;
      const at::Tensor missing = (options_.margin - sign * s).clamp_min(0);
      return missing.square().sum() * (weight / static_cast<double>(s.size(0)));
    });
  }

 private:
  AbOptions options_;
  std::vector<NormalizedConnector> connectors_;
};

}  // namespace

void register_ab(Catalogue& catalogue) {
  catalogue.add<Loss, AbOptions>(
      Slot::loss,
      {.name = "ab",
       .aliases = {"activation_boundary"},
       .summary = "The student's neurons are active where the teacher's are, through a trained layer.",
       .formula = "sum max(m - s, 0)^2 where t > 0, max(m + s, 0)^2 elsewhere, s of the student, t of the teacher "
                  "before its ReLU; mean over examples",
       .source = "Heo et al. 2019a, section 3",
       .principal = "from",
       .needs_teacher = true},
      [](const AbOptions& options) { return std::make_unique<Ab>(options); });
}

}  // namespace limbeck
