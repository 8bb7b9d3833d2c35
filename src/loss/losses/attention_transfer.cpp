// Attention transfer: the student looks where the teacher looks, in one or several places of the networks.
//   Q(A) = Σ_c |A_c|^p, the attention map of a feature A [C, H, W] as a vector of H·W numbers (option power: p)
//   d_j = Q(A_S^j)/‖Q(A_S^j)‖₂ − Q(A_T^j)/‖Q(A_T^j)‖₂ of the pair j of features
//   form norm:  L = 1/N Σ_n Σ_j ‖d_j(x_n)‖₂                            the paper's
//   form mean:  L = Σ_j mean over examples and places of d_j²           its authors' code, and the collections'
// S. Zagoruyko, N. Komodakis, "Paying more attention to attention: improving the performance of convolutional neural
// networks via attention transfer", ICLR 2017, arXiv 1612.03928, section 3.1 (activation-based, F_sum^p, p = 2). The
// paper adds β/2 Σ_j to the loss, β = 10³ divided by the numbers of a map and by the examples of a batch, over which it
// sums: a weight of 500/(H·W) here. The code weighs form mean by 10³. Features of unequal sizes are averaged to the
// smaller one first, as the collections do. A feature that is zero everywhere has the map zero.
//   loss: [ { attention_transfer: { from: [layer1, layer2, layer3], form: mean, weight: 1000 } }, hard_labels ]

#include <ATen/TensorOperators.h>

#include "loss/feature_pairs.h"
#include "loss/pooling.h"
#include "loss/relations.h"

namespace limbeck {
namespace {

enum class AttentionForm { norm, mean };

struct AttentionTransferOptions : FeaturePairs {
  AttentionTransferOptions() : FeaturePairs(Places::stages) {}
  int64_t power = 2;
  AttentionForm form = AttentionForm::norm;
  void bind(Fields& fields) {
    FeaturePairs::bind(fields);
    fields.integer("power", power, between(1, 8), "p, to which an activation is raised");
    fields.choice<AttentionForm>("form", form, {{"norm", AttentionForm::norm}, {"mean", AttentionForm::mean}},
                                 "norm: the distance of the maps, averaged over examples, as in the paper; mean: its "
                                 "square, averaged over examples and places, as in its authors' code");
  }
};

/// [N, H·W], each row of length 1, or zero. The map does not depend on a feature's scale.
at::Tensor attention_map(const at::Tensor& feature, int64_t power) {
  const at::Tensor scaled = by_largest(feature, {1, 2, 3});
  const at::Tensor map = (power == 2 ? scaled.square() : scaled.abs().pow(power)).sum(1).flatten(1);
  constexpr double kZero = 1e-12;  // others have a length of at least 1
  return map / map.norm(2, {1}, /*keepdim=*/true).clamp_min(kZero);
}

class AttentionTransfer : public Loss {
 public:
  explicit AttentionTransfer(AttentionTransferOptions options) : options_(std::move(options)) {}

  LossNeeds needs() const override { return options_.needs(); }

  void prepare(const LossShapes& shapes, LossParameters&) override { require_maps(options_.of(shapes)); }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    return sum_over(options_.of(student, teacher), [&](const FeaturePair& pair) {
      const FeaturePair maps = pooled_to_one_size(pair);
      const at::Tensor difference =
          attention_map(maps.student, options_.power) - attention_map(maps.teacher, options_.power);  // [N, H·W]
      return options_.form == AttentionForm::norm ? difference.norm(2, {1}).mean() : difference.square().mean();
    });
  }

 private:
  AttentionTransferOptions options_;
};

}  // namespace

void register_attention_transfer(Catalogue& catalogue) {
  catalogue.add<Loss, AttentionTransferOptions>(
      Slot::loss,
      {.name = "attention_transfer",
       .aliases = {"at"},
       .summary = "Distance of the student's attention maps from the teacher's, at pairs of features.",
       .formula = "sum_j |Q_S/|Q_S| - Q_T/|Q_T||, Q = sum_c |A_c|^p over the channels of a feature; mean over examples",
       .source = "Zagoruyko, Komodakis 2017, section 3.1",
       .principal = "from",
       .needs_teacher = true},
      [](const AttentionTransferOptions& options) { return std::make_unique<AttentionTransfer>(options); });
}

}  // namespace limbeck
