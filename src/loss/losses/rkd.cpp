// Relations: distances between examples, and angles of triplets of examples, are those of the teacher.
//   x_i: the feature of example i as a vector             e_ij = (x_i − x_j)/‖x_i − x_j‖
//   ψ_D(i, j) = ‖x_i − x_j‖/μ, μ: the mean of the distances that are not 0
//   ψ_A(i, j, k) = cos ∠ x_i x_j x_k = e_ij · e_kj
//   L = α mean_ij l(ψ_D^T, ψ_D^S) + β mean_ijk l(ψ_A^T, ψ_A^S)       summed over pairs of features
//   l(a, b) = ½(a − b)² where |a − b| ≤ 1, else |a − b| − ½
// W. Park, D. Kim, Y. Lu, M. Cho, "Relational knowledge distillation", CVPR 2019, arXiv 1904.05068, equations 4 to 9.
// The paper sums over all tuples of a batch; here, as in its code, they are means over all N² pairs and all N³
// triplets, with the tuples that name an example twice, whose distance or cosine is 0. α = 25 and β = 50 (options
// distance and angle) are the paper's for classification. Examples of the same feature have distance and cosines 0.
//   loss: [ rkd, hard_labels ]

#include <ATen/TensorOperators.h>
#include <ATen/ops/huber_loss.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include "loss/feature_pairs.h"
#include "loss/relations.h"

namespace limbeck {
namespace {

struct RkdOptions : FeaturePairs {
  RkdOptions() : FeaturePairs(Places::embedding) {}
  double distance = 25;
  double angle = 50;
  void bind(Fields& fields) {
    FeaturePairs::bind(fields);
    fields.number("distance", distance, at_least(0), "weight of the distances");
    fields.number("angle", angle, at_least(0), "weight of the angles");
  }
};

/// Neither depends on the scale of the features.
struct ExampleRelations {
  at::Tensor distances;  ///< [N, N]
  at::Tensor cosines;    ///< [N, N, N], that of the angle at the example of the first index
};

ExampleRelations relations_of(const at::Tensor& feature) {
  constexpr double kZero = 1e-12;  // the largest number of a feature is 1
  const at::Tensor x = by_largest(feature.flatten(1), {0, 1});
  const at::Tensor differences = x.unsqueeze(0) - x.unsqueeze(1);  // [N, N, D]
  const at::Tensor lengths = differences.norm(2, {2});
  const at::Tensor others = lengths.gt(kZero);
  const at::Tensor sum = at::where(others, lengths, at::zeros_like(lengths)).sum();
  const at::Tensor mean = sum / others.sum().clamp_min(1);
  const at::Tensor inverse = at::where(others, lengths.clamp_min(kZero).reciprocal(), at::zeros_like(lengths));
  const at::Tensor directions = differences * inverse.unsqueeze(2);
  return {lengths / at::where(mean.gt(0), mean, at::ones_like(mean)),
          at::matmul(directions, directions.transpose(1, 2))};
}

class Rkd : public Loss {
 public:
  explicit Rkd(RkdOptions options) : options_(std::move(options)) {}

  LossNeeds needs() const override { return comparing_examples(options_.needs()); }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    return sum_over(options_.of(student, teacher), [&](const FeaturePair& pair) {
      const ExampleRelations ours = relations_of(pair.student), theirs = relations_of(pair.teacher);
      return options_.distance * at::huber_loss(ours.distances, theirs.distances) +
             options_.angle * at::huber_loss(ours.cosines, theirs.cosines);
    });
  }

 private:
  RkdOptions options_;
};

}  // namespace

void register_rkd(Catalogue& catalogue) {
  catalogue.add<Loss, RkdOptions>(
      Slot::loss,
      {.name = "rkd",
       .summary = "Distances of examples and angles of triplets of examples are those of the teacher.",
       .formula = "a mean l(d_ij^T, d_ij^S) + b mean l(c_ijk^T, c_ijk^S), d: distances divided by their mean, c: "
                  "cosines of angles, l: Huber's loss; means over pairs and triplets of the batch",
       .source = "Park et al. 2019, section 3.2",
       .principal = "from",
       .needs_teacher = true},
      [](const RkdOptions& options) { return std::make_unique<Rkd>(options); });
}

}  // namespace limbeck
