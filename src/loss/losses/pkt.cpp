// Probabilistic knowledge transfer: from each example, the student is as near to the others as the teacher.
//   k_ij = ½ (cos(x_i, x_j) + 1), x_i: the feature of example i as a vector
//   form others:  p_ij = k_ij / Σ_{m≠i} k_im, j ≠ i        L = 1/N Σ_i Σ_{j≠i} p_ij log(p_ij/q_ij)      the paper's
//   form all:     p_ij = k_ij / Σ_m k_im, j = i too        L = 1/N² Σ_i Σ_j p_ij log(p_ij/q_ij)          its code's
// p: the teacher's, q: the student's; 10⁻⁷ is added to each in the logarithm. Summed over pairs of features.
// N. Passalis, A. Tefas, "Learning deep representations with probabilistic knowledge transfer", ECCV 2018, arXiv
// 1803.10837, section 3. The paper sums over the examples, of which this is the mean. The collections weigh form all by
// 30000. The distributions are over the examples of the batch; of a single example the value is 0.
//   loss: [ { pkt: { form: all, weight: 30000 } }, hard_labels ]

#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/log.h>

#include "loss/feature_pairs.h"
#include "loss/relations.h"

namespace limbeck {
namespace {

enum class NeighbourForm { others, all };

struct PktOptions : FeaturePairs {
  PktOptions() : FeaturePairs(Places::embedding) {}
  NeighbourForm form = NeighbourForm::others;
  void bind(Fields& fields) {
    FeaturePairs::bind(fields);
    fields.choice<NeighbourForm>("form", form, {{"others", NeighbourForm::others}, {"all", NeighbourForm::all}},
                                 "others: a divergence over the other examples, averaged over examples, as in the "
                                 "paper; all: over all examples, and divided by their number, as in its code");
  }
};

constexpr double kLeastProbability = 1e-7;

/// p or q, [N, N].
at::Tensor neighbours(const at::Tensor& feature, NeighbourForm form) {
  at::Tensor kernel = ((gram(unit_vectors(feature.flatten(1))) + 1) / 2).clamp_min(0);
  if (form == NeighbourForm::others) kernel = kernel * (1 - at::eye(kernel.size(0), kernel.options()));
  return kernel / kernel.sum(1, /*keepdim=*/true).clamp_min(kLeastProbability);
}

class Pkt : public Loss {
 public:
  explicit Pkt(PktOptions options) : options_(std::move(options)) {}

  LossNeeds needs() const override { return comparing_examples(options_.needs()); }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    return sum_over(options_.of(student, teacher), [&](const FeaturePair& pair) {
      const at::Tensor p = neighbours(pair.teacher, options_.form), q = neighbours(pair.student, options_.form);
      const at::Tensor each = p * (at::log(p + kLeastProbability) - at::log(q + kLeastProbability));
      return options_.form == NeighbourForm::all ? each.mean() : each.sum(1).mean();
    });
  }

 private:
  PktOptions options_;
};

}  // namespace

void register_pkt(Catalogue& catalogue) {
  catalogue.add<Loss, PktOptions>(
      Slot::loss,
      {.name = "pkt",
       .summary = "Divergence from the teacher's probabilities that examples of a batch are neighbours.",
       .formula = "sum_j p_ij log(p_ij/q_ij), p_ij = k_ij / sum_m k_im of the teacher, q of the student, k = "
                  "(cos(x_i, x_j) + 1)/2; mean over examples",
       .source = "Passalis, Tefas 2018, section 3",
       .principal = "from",
       .needs_teacher = true},
      [](const PktOptions& options) { return std::make_unique<Pkt>(options); });
}

}  // namespace limbeck
