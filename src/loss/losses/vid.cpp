// Variational information distillation: a feature of the student is to tell as much as it can about one of the teacher.
//   t = the teacher's feature (option from)     s = the student's feature (option to)
//   q(t | s) = Π N(t_c; μ_c(s), σ_c²), a Gaussian for each number; μ, σ trained with the student
//   L = mean over all numbers of 1/2 ((t − μ(s))² / σ_c² + log σ_c²), summed over pairs
//   σ_c² = log(1 + exp ρ_c) + 1e-5, one for each channel, 5 at first (option variance)
// −L is, up to a constant, a lower bound of the mutual information of the two features. S. Ahn, S. X. Hu, A. Damianou,
// N. D. Lawrence, Z. Dai, "Variational information distillation for knowledge transfer", CVPR 2019, arXiv 1904.05835,
// section 2; the paper sums over the numbers of a feature, its code takes their mean. μ: 1×1 convolutions with ReLU
// between them (option layers), as in that code, where they have no bias; of vectors, linear layers. Pictures of
// unequal sizes are averaged to the smaller one.
//   loss: [ { vid: { from: [layer1, layer2, layer3] } }, hard_labels ]

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/softplus.h>

#include <fmt/format.h>

#include <cmath>

#include "loss/loss_layers.h"
#include "loss/pooling.h"

namespace limbeck {
namespace {

constexpr double kLeastVariance = 1e-5;

struct VidOptions : FeaturePairs {
  VidOptions() : FeaturePairs(Places::stages) {}
  int64_t layers = 3;
  double variance = 5;
  void bind(Fields& fields) {
    FeaturePairs::bind(fields);
    fields.integer("layers", layers, between(1, 8), "1x1 convolutions of the mean, with ReLU between them");
    fields.number("variance", variance, above(kLeastVariance), "of each channel, before it is trained");
  }
};

/// q(t | s) of one pair of features.
class GaussianOfTeacher {
 public:
  GaussianOfTeacher(LossParameters& parameters, const std::string& prefix, const ShapePair& pair,
                    const VidOptions& options) {
    const int64_t out = pair.teacher.second[0];
    for (int64_t i = 0, in = pair.student.second[0]; i < options.layers; ++i, in = out)
      mean_.emplace_back(parameters, fmt::format("{}mean{}.", prefix, i + 1), ConvolutionShape{.in = in, .out = out});
    rho_ = parameters.make({.name = prefix + "rho", .shape = {out}, .initial = Initial::zeros});
    const at::NoGradGuard no_gradient;
    rho_.fill_(std::log(std::expm1(options.variance - kLeastVariance)));
  }

  /// −log q(t | s) without its constant, the mean over all numbers of t.
  at::Tensor operator()(const FeaturePair& pair) const {
    const FeaturePair maps = pooled_to_one_size(as_maps(pair));
    at::Tensor mean = maps.student;
    for (size_t i = 0; i < mean_.size(); ++i) mean = mean_[i](i == 0 ? mean : mean.relu());
    const at::Tensor variance =
        at::softplus(rho_.to(mean.scalar_type())).add(kLeastVariance).reshape({1, -1, 1, 1});  // [1, C, 1, 1]
    return ((maps.teacher - mean).square() / variance + variance.log()).mean() / 2;
  }

 private:
  std::vector<LossConvolution> mean_;
  at::Tensor rho_;
};

class Vid : public Loss {
 public:
  explicit Vid(VidOptions options) : options_(std::move(options)) {}

  LossNeeds needs() const override { return options_.needs(); }

  void prepare(const LossShapes& shapes, LossParameters& parameters) override {
    const std::vector<ShapePair> pairs = options_.of(shapes);
    require_maps_or_vectors(pairs);
    gaussians_.clear();
    for (size_t i = 0; i < pairs.size(); ++i)
      gaussians_.emplace_back(parameters, prefix_of_pair(i, pairs.size()), pairs[i], options_);
  }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    size_t next = 0;
    return sum_over(options_.of(student, teacher),
                    [&](const FeaturePair& pair) { return gaussians_.at(next++)(pair); });
  }

 private:
  VidOptions options_;
  std::vector<GaussianOfTeacher> gaussians_;
};

}  // namespace

void register_vid(Catalogue& catalogue) {
  catalogue.add<Loss, VidOptions>(
      Slot::loss,
      {.name = "vid",
       .summary = "Variational information distillation: the teacher's feature is likely under a trained Gaussian of "
                  "the student's.",
       .formula = "1/2 ((t - mu(s))^2 / sigma_c^2 + log sigma_c^2), mu and sigma trained; mean over all numbers of t",
       .source = "Ahn et al. 2019, section 2",
       .principal = "from",
       .needs_teacher = true},
      [](const VidOptions& options) { return std::make_unique<Vid>(options); });
}

}  // namespace limbeck
