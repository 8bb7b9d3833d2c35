// Inter-channel correlation: the products of all pairs of channels are those of the teacher.
//   G [C, C] = F Fᵀ, F [C, H·W]: the teacher's feature, or the student's through a trained connector to its channels, a
//   1×1 convolution and batch norm
//   form product:     L = 1/N Σ_n 1/C² ‖G_T − G_S‖²_F                                     the paper's
//   form normalized:  L = 1/N Σ_n 1/C ‖G̃_T − G̃_S‖²_F, G̃: G with rows of length 1        its code's
// Summed over pairs of features. L. Liu, Q. Huang, S. Lin, H. Xie, B. Wang, X. Chang, X. Liang, "Exploring
// inter-channel correlation for diversity-preserved knowledge distillation", ICCV 2021, arXiv 2202.03680, section 3.2.
// Form normalized is weighed by 2.5 on CIFAR-100. Features of unequal sizes are averaged to the smaller one.
//   loss: [ { ickd: { form: normalized, weight: 2.5 } }, hard_labels ]

#include <ATen/TensorOperators.h>

#include "loss/loss_layers.h"
#include "loss/relations.h"

namespace limbeck {
namespace {

enum class ChannelForm { product, normalized };

struct IckdOptions : FeaturePairs {
  IckdOptions() : FeaturePairs(Places::last) {}
  ChannelForm form = ChannelForm::product;
  void bind(Fields& fields) {
    FeaturePairs::bind(fields);
    fields.choice<ChannelForm>("form", form,
                               {{"product", ChannelForm::product}, {"normalized", ChannelForm::normalized}},
                               "product: the mean square of the differences of the products, as in the paper; "
                               "normalized: of rows of products of length 1, summed over each row, as in its code");
  }
};

class Ickd : public Loss {
 public:
  explicit Ickd(IckdOptions options) : options_(std::move(options)) {}

  LossNeeds needs() const override { return comparing_examples(options_.needs()); }

  void prepare(const LossShapes& shapes, LossParameters& parameters) override {
    connectors_ = normalized_connectors(parameters, options_.of(shapes));
  }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    size_t next = 0;
    return sum_over(options_.of(student, teacher), [&](const FeaturePair& pair) {
      const FeaturePair connected = connectors_.at(next++)(pair);
      const at::Tensor squares = (correlations(connected.student) - correlations(connected.teacher)).square();
      return options_.form == ChannelForm::product ? squares.mean() : squares.sum(2).mean();
    });
  }

 private:
  /// [N, C, C]
  at::Tensor correlations(const at::Tensor& feature) const {
    const at::Tensor channels = feature.flatten(2);
    return options_.form == ChannelForm::product ? gram(channels) : unit_vectors(gram(by_largest(channels, {1, 2})));
  }

  IckdOptions options_;
  std::vector<NormalizedConnector> connectors_;
};

}  // namespace

void register_ickd(Catalogue& catalogue) {
  catalogue.add<Loss, IckdOptions>(
      Slot::loss,
      {.name = "ickd",
       .summary = "Products of all pairs of channels are those of the teacher, through a trained layer.",
       .formula = "1/C^2 |G_T - G_S|^2, G = F F^T of the channels of a feature; mean over examples",
       .source = "Liu et al. 2021, section 3.2",
       .principal = "from",
       .needs_teacher = true},
      [](const IckdOptions& options) { return std::make_unique<Ickd>(options); });
}

}  // namespace limbeck
