// SimKD's loss: the student's last feature, through a projector that is trained with it, becomes the teacher's.
//   t = the teacher's feature before pooling (option from)     s = the student's (option to)
//   P(s) = ReLU BN W₃ ReLU BN W₂ ReLU BN W₁ s      W₁, W₃: 1×1 convolutions, W₂: 3×3, with C_t/r channels between them
//   L = mean over all numbers of (t − P(s))², summed over pairs
// D. Chen, J.-P. Mei, H. Zhang, C. Wang, Y. Feng, C. Chen, "Knowledge distillation with reused teacher classifier",
// CVPR 2022, arXiv 2203.14001, section 3; r = 2 is option reduction. Pictures of unequal sizes are
// averaged to the smaller one first. Batch norm takes the statistics of the batch.
// In the paper the student keeps the projector, and the teacher's classifier follows it. The network
// `reused_classifier` is such a student; of it, `projector: none` compares the projected feature itself, and no labels
// are needed:
//   train: small, teacher: teacher, classifier: teacher
//   loss: [ simkd: { from: layer3, to: projector, projector: none } ]

#include <ATen/TensorOperators.h>

#include <algorithm>

#include "loss/loss_layers.h"
#include "loss/pooling.h"

namespace limbeck {
namespace {

enum class SimkdProjection { trained, none };

struct SimkdOptions : FeaturePairs {
  SimkdOptions() : FeaturePairs(Places::last) {}
  SimkdProjection projector = SimkdProjection::trained;
  int64_t reduction = 2;
  void bind(Fields& fields) {
    FeaturePairs::bind(fields);
    fields.choice<SimkdProjection>("projector", projector,
                                   {{"trained", SimkdProjection::trained}, {"none", SimkdProjection::none}},
                                   "trained: with the student, and left out of it; none: the student's feature is "
                                   "compared as it is, where the network itself ends with a projector");
    fields.integer("reduction", reduction, at_least(1),
                   "r: the projector has the teacher's channels divided by r between its convolutions");
  }
};

class SimkdProjector {
 public:
  SimkdProjector(LossParameters& parameters, const std::string& prefix, const ShapePair& pair, int64_t reduction) {
    const int64_t in = pair.student.second[0], out = pair.teacher.second[0];
    const int64_t between = std::max<int64_t>(out / reduction, 1);
    layers_ = {{parameters, prefix + "1.", {.in = in, .out = between}},
               {parameters, prefix + "2.", {.in = between, .out = between, .kernel = 3, .padding = 1}},
               {parameters, prefix + "3.", {.in = between, .out = out}}};
  }
  at::Tensor operator()(at::Tensor x) const {
    for (const NormalizedConvolution& layer : layers_) x = layer(x).relu();
    return x;
  }

 private:
  std::vector<NormalizedConvolution> layers_;
};

class Simkd : public Loss {
 public:
  explicit Simkd(SimkdOptions options) : options_(std::move(options)) {}

  LossNeeds needs() const override { return comparing_examples(options_.needs()); }

  void prepare(const LossShapes& shapes, LossParameters& parameters) override {
    const std::vector<ShapePair> pairs = options_.of(shapes);
    require_maps(pairs);
    projectors_.clear();
    if (options_.projector == SimkdProjection::none) {
      require_equal_channels(pairs);
      return;
    }
    for (size_t i = 0; i < pairs.size(); ++i)
      projectors_.emplace_back(parameters, prefix_of_pair(i, pairs.size()) + "projector", pairs[i], options_.reduction);
  }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    size_t next = 0;
    return sum_over(options_.of(student, teacher), [&](const FeaturePair& pair) {
      const FeaturePair maps = pooled_to_one_size(pair);
      const bool projects = options_.projector == SimkdProjection::trained;
      return (maps.teacher - (projects ? projectors_.at(next++)(maps.student) : maps.student)).square().mean();
    });
  }

 private:
  SimkdOptions options_;
  std::vector<SimkdProjector> projectors_;
};

}  // namespace

void register_simkd(Catalogue& catalogue) {
  catalogue.add<Loss, SimkdOptions>(
      Slot::loss,
      {.name = "simkd",
       .summary = "The student's last feature, through a trained projector, becomes the teacher's.",
       .formula = "(t - P(s))^2, P three trained convolutions with batch norm and ReLU; mean over all numbers of t",
       .source = "Chen et al. 2022 (SimKD), section 3",
       .principal = "from",
       .needs_teacher = true},
      [](const SimkdOptions& options) { return std::make_unique<Simkd>(options); });
}

}  // namespace limbeck
