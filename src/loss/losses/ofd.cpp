// The overhaul of feature distillation: features before their ReLU, of which the student need not have what the ReLU
// takes away.
//   t = max(T, m_c), T: a number of the teacher's feature before its ReLU, in channel c (margin ReLU)
//   m_c = E[T | T < 0] in channel c: the mean over what was seen so far in training, this batch included; 0 at first
//   s: the same number of the student's, through a trained connector, a 1×1 convolution and batch norm
//   L = Σ_j w_j 1/N Σ_n Σ d(t, s),   d(t, s) = 0 where s ≤ t ≤ 0, else (t − s)²
// summed over all numbers of a feature and over pairs j of features; w_j = 1, or 2^(j−n+1) for pair j of n, as in the
// authors' code (option layers). B. Heo, J. Kim, S. Yun, H. Park, N. Kwak, J. Y. Choi, "A comprehensive overhaul of
// feature distillation", ICCV 2019, arXiv 1904.01866, equations 2 to 5. The paper finds m_c in training, as here, or
// from the batch norm before the ReLU, as its code does: a loss sees no networks. The sums and counts that m_c is made
// of are kept in checkpoints. The usual weight is 0.001 on CIFAR-100, with layers: doubling. Features of unequal sizes
// are averaged to the smaller one, the teacher's after the margin. The features should be named where they are before
// the ReLU: the sums that end the blocks of a residual network are named add, those of resnet56 and resnet20 as below.
// The natural ones are after it: m_c is 0 then.
//   loss:
//     - ofd: { from: [layer1.8.add, layer2.8.add, layer3.8.add], to: [layer1.2.add, layer2.2.add, layer3.2.add],
//              layers: doubling, weight: 0.001 }
//     - hard_labels

#include <ATen/TensorOperators.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "loss/loss_layers.h"

namespace limbeck {
namespace {

struct OfdOptions : FeaturePairs {
  OfdOptions() : FeaturePairs(Places::stages) {}
  PairWeights layers = PairWeights::equal;
  void bind(Fields& fields) {
    FeaturePairs::bind(fields);
    bind_pair_weights(fields, layers);
  }
};

/// m_c, by the sum and the count of all negative numbers of a channel.
class NegativeMean {
 public:
  NegativeMean(LossParameters& parameters, const std::string& prefix, int64_t channels)
      : sum_(parameters.keep(prefix + "negative_sum", at::zeros({channels}))),
        count_(parameters.keep(prefix + "negative_count", at::zeros({channels}))) {}

  /// Adds a batch [N, C, H, W], and returns m [C, 1, 1].
  at::Tensor with(const at::Tensor& feature) const {
    sum_.add_(feature.clamp_max(0).sum(at::IntArrayRef{0, 2, 3}));
    count_.add_(feature.lt(0).sum(at::IntArrayRef{0, 2, 3}));
    return (sum_ / count_.clamp_min(1)).to(feature.scalar_type()).view({-1, 1, 1});
  }

 private:
  at::Tensor sum_, count_;
};

class Ofd : public Loss {
 public:
  explicit Ofd(OfdOptions options) : options_(std::move(options)) {}

  LossNeeds needs() const override { return comparing_examples(options_.needs()); }

  void prepare(const LossShapes& shapes, LossParameters& parameters) override {
    const std::vector<ShapePair> pairs = options_.of(shapes);
    connectors_ = normalized_connectors(parameters, pairs);
    margins_.clear();
    for (size_t i = 0; i < pairs.size(); ++i)
      margins_.emplace_back(parameters, prefix_of_pair(i, pairs.size()), pairs[i].teacher.second[0]);
  }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    size_t next = 0;
    return sum_over(options_.of(student, teacher), [&](const FeaturePair& pair) {
      const double weight = pair_weight(options_.layers, next, connectors_.size());
      const at::Tensor wanted = at::maximum(pair.teacher, margins_.at(next).with(pair.teacher));
      const auto [s, t] = connectors_.at(next++)({pair.student, wanted});
      const at::Tensor counts = s.gt(t).logical_or(t.gt(0));
      const at::Tensor squares = at::where(counts, t - s, at::zeros_like(s)).square();
      return squares.sum() * (weight / static_cast<double>(s.size(0)));
    });
  }

 private:
  OfdOptions options_;
  std::vector<NormalizedConnector> connectors_;
  std::vector<NegativeMean> margins_;
};

}  // namespace

void register_ofd(Catalogue& catalogue) {
  catalogue.add<Loss, OfdOptions>(
      Slot::loss,
      {.name = "ofd",
       .summary = "Features before their ReLU, without what the ReLU takes away, through a trained layer.",
       .formula = "sum of 0 where s <= t <= 0, else (t - s)^2, t = max(T, m_c), m_c the mean of the negative numbers "
                  "of the teacher's channel; mean over examples",
       .source = "Heo et al. 2019b, section 3",
       .principal = "from",
       .needs_teacher = true},
      [](const OfdOptions& options) { return std::make_unique<Ofd>(options); });
}

}  // namespace limbeck
