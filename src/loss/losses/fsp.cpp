// Flow of the solution procedure: the products of channels of consecutive features are those of the teacher.
//   G_j [C_j, C_{j+1}] = F_j F_{j+1}ᵀ/(H·W), F_j [C_j, H·W]: feature j, the larger of the two max-pooled to the smaller
//   form sum:   L = 1/N Σ_n Σ_j ‖G_j^T − G_j^S‖²_F                                       the paper's
//   form mean:  L = Σ_j mean over examples and entries of (G_j^T − G_j^S)²                the collections'
// J. Yim, D. Joo, J. Bae, J. Kim, "A gift from knowledge distillation: fast optimization, network minimization and
// transfer learning", CVPR 2017, equations 1 and 2. The features are those of the list, in its order: n of them have
// n − 1 matrices. There this is a stage of its own, before training on labels. The collections pool by the mean.
//   loss: [ { fsp: { from: [stem, layer1, layer2, layer3] } }, hard_labels ]

#include <ATen/TensorOperators.h>
#include <ATen/ops/adaptive_max_pool2d.h>
#include <ATen/ops/matmul.h>

#include <algorithm>

#include "core/error.h"
#include "loss/feature_pairs.h"

namespace limbeck {
namespace {

enum class FlowForm { sum, mean };

struct FspOptions : FeaturePairs {
  FspOptions() : FeaturePairs(Places::stages) {}
  FlowForm form = FlowForm::sum;
  void bind(Fields& fields) {
    FeaturePairs::bind(fields);
    fields.choice<FlowForm>("form", form, {{"sum", FlowForm::sum}, {"mean", FlowForm::mean}},
                            "sum: the squared distance of the matrices, averaged over examples, as in the paper; mean: "
                            "averaged over their entries too, as the collections do");
  }
};

/// G of two features, [N, C_1, C_2].
at::Tensor flow_matrix(const at::Tensor& first, const at::Tensor& second) {
  const int64_t height = std::min(first.size(2), second.size(2)), width = std::min(first.size(3), second.size(3));
  const auto pooled = [&](const at::Tensor& map) {
    if (map.size(2) == height && map.size(3) == width) return map.flatten(2);
    return std::get<0>(at::adaptive_max_pool2d(map, {height, width})).flatten(2);
  };
  return at::matmul(pooled(first), pooled(second).transpose(1, 2)) / static_cast<double>(height * width);
}

class Fsp : public Loss {
 public:
  explicit Fsp(FspOptions options) : options_(std::move(options)) {}

  LossNeeds needs() const override { return options_.needs(); }

  void prepare(const LossShapes& shapes, LossParameters&) override {
    const std::vector<ShapePair> pairs = options_.of(shapes);
    require_maps(pairs);
    require_equal_channels(pairs);
    if (pairs.size() < 2)
      throw Error(ErrorKind::usage, fmt::format("the loss 'fsp' multiplies consecutive features, and has only '{}'; "
                                                "name at least two: `from: [FIRST, SECOND]`",
                                                pairs.at(0).teacher.first));
  }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    std::vector<FeaturePair> flows;
    const std::vector<FeaturePair> features = options_.of(student, teacher);
    for (size_t j = 1; j < features.size(); ++j)
      flows.push_back({flow_matrix(features[j - 1].student, features[j].student),
                       flow_matrix(features[j - 1].teacher, features[j].teacher)});
    return sum_over(flows, [&](const FeaturePair& flow) {
      const at::Tensor squares = (flow.student - flow.teacher).square();
      return options_.form == FlowForm::mean ? squares.mean() : squares.sum(at::IntArrayRef{1, 2}).mean();
    });
  }

 private:
  FspOptions options_;
};

}  // namespace

void register_fsp(Catalogue& catalogue) {
  catalogue.add<Loss, FspOptions>(
      Slot::loss,
      {.name = "fsp",
       .summary = "Products of the channels of consecutive features are those of the teacher.",
       .formula = "sum_j |G_j^T - G_j^S|^2, G_j = F_j F_(j+1)^T / (H W); mean over examples",
       .source = "Yim et al. 2017, section 3",
       .principal = "from",
       .needs_teacher = true},
      [](const FspOptions& options) { return std::make_unique<Fsp>(options); });
}

}  // namespace limbeck
