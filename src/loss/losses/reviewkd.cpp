// Knowledge review: features of the student from deep to shallow are fused, and each fusion becomes the teacher's
// feature of its stage, which so teaches the student's deeper stages too.
//   s_1 … s_n, t_1 … t_n: features of student and teacher from shallow to deep (options to, from); r_{n+1} is missing
//   x = BN(W₁ s_j), with m channels;  y = r_{j+1} at the size of x (nearest)            attention based fusion (ABF):
//   [a, b] = σ(W_a [x; y] + w_a), two maps;  r_j = a x + b y at the size of t_j;  o_j = BN(W₃ r_j)       r_n = x there
//   L = Σ_j h(o_j, t_j)                                              hierarchical context loss (HCL):
//   h(o, t) = Σ_l w_l mean((pool_l o − pool_l t)²) / Σ_l w_l         l: full size, then 4×4, 2×2, 1×1; w: 1, ½, ¼, ⅛
// W₁, W_a are 1×1 convolutions, W₃ one of 3×3, trained with the student. Sizes that a feature does not exceed are left
// out. P. Chen, S. Liu, H. Zhao, J. Jia, "Distilling knowledge via knowledge review", CVPR 2021, arXiv 2104.09044,
// section 3, with the weights and sizes of its code; m = min(512, channels of s_n) there (option channels).
// Vectors are pictures of one pixel: name pool last, as the code does. Batch norm takes the statistics of the batch.
//   loss: [ { reviewkd: { weight: { from: 0, to: 1, epochs: 20 } } }, hard_labels ]

#include <ATen/TensorOperators.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/upsample_nearest2d.h>

#include <algorithm>

#include "loss/loss_layers.h"
#include "loss/pooling.h"

namespace limbeck {
namespace {

struct ReviewkdOptions : FeaturePairs {
  ReviewkdOptions() : FeaturePairs(Places::stages) {}
  int64_t channels = 512;
  void bind(Fields& fields) {
    FeaturePairs::bind(fields);
    fields.integer("channels", channels, at_least(1),
                   "m, channels of what is fused; the student's last feature may have fewer, which is m then");
  }
};

at::Tensor at_size_of(const at::Tensor& x, const at::Tensor& like) {
  const int64_t height = like.size(2), width = like.size(3);
  return x.size(2) == height && x.size(3) == width ? x : at::upsample_nearest2d(x, {height, width});
}

class AttentionFusion {
 public:
  AttentionFusion(LossParameters& parameters, const std::string& prefix, const ShapePair& pair, int64_t channels,
                  bool fuses)
      : in_(parameters, prefix + "in.", {.in = pair.student.second[0], .out = channels}), fuses_(fuses) {
    if (fuses) attention_ = LossConvolution(parameters, prefix + "attention.", {.in = 2 * channels, .out = 2});
    out_ = NormalizedConvolution(parameters, prefix + "out.",
                                 {.in = channels, .out = pair.teacher.second[0], .kernel = 3, .padding = 1});
  }

  /// r_j of s_j and r_{j+1}, at the size of t_j.
  at::Tensor fused(const FeaturePair& pair, const at::Tensor& deeper) const {
    at::Tensor x = in_(pair.student);
    if (fuses_) {
      const at::Tensor y = at_size_of(deeper, x);
      const at::Tensor attention = attention_(at::cat({x, y}, 1)).sigmoid();  // [N, 2, H, W]
      x = x * attention.slice(1, 0, 1) + y * attention.slice(1, 1, 2);
    }
    return at_size_of(x, pair.teacher);
  }
  at::Tensor output(const at::Tensor& fused) const { return out_(fused); }

 private:
  NormalizedConvolution in_, out_;
  LossConvolution attention_;
  bool fuses_;
};

at::Tensor hierarchical_context(const at::Tensor& student, const at::Tensor& teacher) {
  at::Tensor sum = (student - teacher).square().mean();
  double weight = 1, weights = 1;
  for (const int64_t size : {4, 2, 1}) {
    if (size >= std::min(teacher.size(2), teacher.size(3))) continue;
    weight /= 2;
    weights += weight;
    // Pooling is linear.
    sum = sum + weight * at::adaptive_avg_pool2d(student - teacher, {size, size}).square().mean();
  }
  return sum / weights;
}

class Reviewkd : public Loss {
 public:
  explicit Reviewkd(ReviewkdOptions options) : options_(std::move(options)) {}

  LossNeeds needs() const override { return comparing_examples(options_.needs()); }

  void prepare(const LossShapes& shapes, LossParameters& parameters) override {
    const std::vector<ShapePair> pairs = options_.of(shapes);
    require_maps_or_vectors(pairs);
    const int64_t channels = std::min(options_.channels, pairs.back().student.second[0]);
    fusions_.clear();
    for (size_t i = 0; i < pairs.size(); ++i)
      fusions_.emplace_back(parameters, prefix_of_pair(i, pairs.size()), pairs[i], channels,
                            /*fuses=*/i + 1 < pairs.size());
  }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    std::vector<FeaturePair> pairs = options_.of(student, teacher);
    std::reverse(pairs.begin(), pairs.end());
    size_t left = pairs.size();
    at::Tensor deeper;
    return sum_over(pairs, [&](const FeaturePair& pair) {
      const FeaturePair maps = as_maps(pair);
      const AttentionFusion& fusion = fusions_.at(--left);
      deeper = fusion.fused(maps, deeper);
      return hierarchical_context(fusion.output(deeper), maps.teacher);
    });
  }

 private:
  ReviewkdOptions options_;
  std::vector<AttentionFusion> fusions_;
};

}  // namespace

void register_reviewkd(Catalogue& catalogue) {
  catalogue.add<Loss, ReviewkdOptions>(
      Slot::loss,
      {.name = "reviewkd",
       .aliases = {"kr"},
       .summary = "Knowledge review: features of the student, fused from deep to shallow, become the teacher's.",
       .formula = "sum_j sum_l w_l mean (pool_l(o_j) - pool_l(t_j))^2 / sum_l w_l, o_j fused of the student's features "
                  "from j on",
       .source = "Chen et al. 2021, section 3",
       .principal = "from",
       .needs_teacher = true},
      [](const ReviewkdOptions& options) { return std::make_unique<Reviewkd>(options); });
}

}  // namespace limbeck
