// Correlation congruence: the correlations of the examples of a batch are those of the teacher.
//   form kernel:    K_ij = Σ_{p=0..P} e^(−2γ) (2γ)^p/p! (x_i · x_j)^p          L = 1/N² ‖K_T − K_S‖²_F   the paper's
//                   x_i: the feature of example i as a vector of length 1. K is the Gaussian kernel
//                   exp(−γ ‖x_i − x_j‖²) by its Taylor series
//   form adjacent:  Δ_i = |A_S x_i^S + a_S − A_T x_i^T − a_T|                  L = 1/(N−1) Σ_i Δ_i · Δ_{i+1}
//                   A, a: trained linear maps of both features to vectors of D numbers (option dimension)
// Summed over pairs of features. B. Peng, X. Jin, J. Liu, S. Zhou, Y. Wu, Y. Liu, D. Li, Z. Zhang, "Correlation
// congruence for knowledge distillation", ICCV 2019, arXiv 1904.01802, equations 6 to 11: γ = 0.4, P = 2; torchdistill
// weighs it by 0.003. Form adjacent is what the collections compute, which weigh it by 0.02: not the paper's. Both
// depend on the batch: K of its pairs, Δ of its order. Of a single example both are 0.
//   loss: [ { cc: { weight: 0.003 } }, hard_labels ]

#include <ATen/TensorOperators.h>
#include <ATen/ops/ones_like.h>

#include <algorithm>
#include <cmath>

#include "loss/loss_layers.h"
#include "loss/relations.h"

namespace limbeck {
namespace {

enum class CorrelationForm { kernel, adjacent };

struct CcOptions : FeaturePairs {
  CcOptions() : FeaturePairs(Places::embedding) {}
  CorrelationForm form = CorrelationForm::kernel;
  double gamma = 0.4;
  int64_t order = 2;
  int64_t dimension = 128;
  void bind(Fields& fields) {
    FeaturePairs::bind(fields);
    fields.choice<CorrelationForm>("form", form,
                                   {{"kernel", CorrelationForm::kernel}, {"adjacent", CorrelationForm::adjacent}},
                                   "kernel: Gaussian kernels of all pairs of examples, as in the paper; adjacent: "
                                   "products of distances of examples in a row, as the collections do");
    fields.number("gamma", gamma, above(0), "γ of form kernel");
    fields.integer("order", order, between(1, 10), "P of form kernel, where the series ends");
    fields.integer("dimension", dimension, between(1, 65536), "D of form adjacent, to which both features are mapped");
  }
};

/// K, [N, N].
at::Tensor taylor_kernel(const at::Tensor& feature, double gamma, int64_t order) {
  const at::Tensor products = gram(unit_vectors(feature.flatten(1)));
  at::Tensor series = at::ones_like(products);
  for (int64_t p = order; p > 0; --p) series = series * products * (2 * gamma / static_cast<double>(p)) + 1;
  return series * std::exp(-2 * gamma);
}

class Cc : public Loss {
 public:
  explicit Cc(CcOptions options) : options_(std::move(options)) {}

  LossNeeds needs() const override { return comparing_examples(options_.needs()); }

  void prepare(const LossShapes& shapes, LossParameters& parameters) override {
    if (options_.form == CorrelationForm::kernel) return;
    maps_.clear();
    const std::vector<ShapePair> pairs = options_.of(shapes);
    for (size_t i = 0; i < pairs.size(); ++i) {
      const std::string prefix = prefix_of_pair(i, pairs.size());
      const auto map = [&](const char* whose, const Shape& shape) {
        return LossLinear(parameters, prefix + whose, element_count(shape), options_.dimension);
      };
      maps_.push_back({map("student.", pairs[i].student.second), map("teacher.", pairs[i].teacher.second)});
    }
  }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    size_t next = 0;
    return sum_over(options_.of(student, teacher), [&](const FeaturePair& pair) {
      return options_.form == CorrelationForm::kernel ? kernels(pair) : adjacent(pair, maps_.at(next++));
    });
  }

 private:
  struct Maps {
    LossLinear student, teacher;
  };

  at::Tensor kernels(const FeaturePair& pair) const {
    const auto kernel = [&](const at::Tensor& feature) {
      return taylor_kernel(feature, options_.gamma, options_.order);
    };
    return (kernel(pair.student) - kernel(pair.teacher)).square().mean();
  }

  static at::Tensor adjacent(const FeaturePair& pair, const Maps& maps) {
    const at::Tensor distances =
        (maps.student(pair.student.flatten(1)) - maps.teacher(pair.teacher.flatten(1))).abs();  // [N, D]
    const int64_t last = distances.size(0) - 1;
    const at::Tensor products = distances.narrow(0, 0, last) * distances.narrow(0, 1, last);
    return products.sum() / static_cast<double>(std::max<int64_t>(last, 1));
  }

  CcOptions options_;
  std::vector<Maps> maps_;
};

}  // namespace

void register_cc(Catalogue& catalogue) {
  catalogue.add<Loss, CcOptions>(
      Slot::loss,
      {.name = "cc",
       .aliases = {"correlation_congruence"},
       .summary = "Correlations of the examples of a batch are those of the teacher.",
       .formula = "1/N^2 |K_T - K_S|^2, K_ij = exp(-2 g) sum_p (2 g)^p / p! (x_i.x_j)^p of features of length 1",
       .source = "Peng et al. 2019, section 3.3",
       .principal = "from",
       .needs_teacher = true},
      [](const CcOptions& options) { return std::make_unique<Cc>(options); });
}

}  // namespace limbeck
