// Similarity: examples that are alike to the teacher are alike to the student.
//   F [N, C·H·W], the features of a batch as rows          G = F Fᵀ          G̃: G with rows of length 1
//   L = 1/N² ‖G̃_T − G̃_S‖²_F                               summed over pairs of features
// F. Tung, G. Mori, "Similarity-preserving knowledge distillation", ICCV 2019, arXiv 1907.09682, equations 1 to 4; the
// authors' weight is 3000. The value depends on the batch: of a batch that is repeated k times it is 1/k of what it
// was, and of a single example 0. Rows of zeros stay zero.
//   loss: [ { similarity_preserving: { weight: 3000 } }, hard_labels ]

#include <ATen/TensorOperators.h>

#include "loss/feature_pairs.h"
#include "loss/relations.h"

namespace limbeck {
namespace {

struct SimilarityPreservingOptions : FeaturePairs {
  SimilarityPreservingOptions() : FeaturePairs(Places::last) {}
};

/// G̃, [N, N]. It does not depend on the scale of the features.
at::Tensor similarity_rows(const at::Tensor& feature) {
  return unit_vectors(gram(by_largest(feature.flatten(1), {0, 1})));
}

class SimilarityPreserving : public Loss {
 public:
  explicit SimilarityPreserving(SimilarityPreservingOptions options) : options_(std::move(options)) {}

  LossNeeds needs() const override { return comparing_examples(options_.needs()); }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    return sum_over(options_.of(student, teacher), [](const FeaturePair& pair) {
      return (similarity_rows(pair.student) - similarity_rows(pair.teacher)).square().mean();
    });
  }

 private:
  SimilarityPreservingOptions options_;
};

}  // namespace

void register_similarity_preserving(Catalogue& catalogue) {
  catalogue.add<Loss, SimilarityPreservingOptions>(
      Slot::loss,
      {.name = "similarity_preserving",
       .aliases = {"sp"},
       .summary = "Examples of a batch that are alike to the teacher are alike to the student.",
       .formula = "1/N^2 |G_T - G_S|^2, G = F F^T of the features of N examples, its rows divided by their lengths",
       .source = "Tung, Mori 2019, section 3",
       .principal = "from",
       .needs_teacher = true},
      [](const SimilarityPreservingOptions& options) { return std::make_unique<SimilarityPreserving>(options); });
}

}  // namespace limbeck
