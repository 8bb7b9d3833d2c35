// Neuron selectivity: the channels of the student are distributed as those of the teacher, by the squared maximum mean
// discrepancy of the places that they select.
//   x_c [H·W]: channel c of a feature as a vector of length 1, of the student; y_d: of the teacher
//   L = 1/N Σ_n [ mean_cc' k(x_c, x_c') + mean_dd' k(y_d, y_d') − 2 mean_cd k(x_c, y_d) ]
//   kernel polynomial: k(x, y) = (x · y)²                 kernel linear: k(x, y) = x · y
//   kernel gaussian:   k(x, y) = exp(−‖x − y‖²/(2σ²)), σ²: the mean of ‖x_c − y_d‖² over the channels of an example
// summed over pairs of features. Z. Huang, N. Wang, "Like what you like: knowledge distill via neuron selectivity
// transfer", arXiv 1707.01219, section 4. The collections weigh the polynomial kernel by 50. Features of unequal sizes
// are averaged to the smaller one. A channel that is zero everywhere stays zero; σ² is at least 10⁻⁶.
//   loss: [ { nst: { weight: 50 } }, hard_labels ]

#include <ATen/TensorOperators.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/matmul.h>

#include "loss/feature_pairs.h"
#include "loss/pooling.h"
#include "loss/relations.h"

namespace limbeck {
namespace {

enum class SelectivityKernel { polynomial, linear, gaussian };

struct NstOptions : FeaturePairs {
  NstOptions() : FeaturePairs(Places::stages) {}
  SelectivityKernel kernel = SelectivityKernel::polynomial;
  void bind(Fields& fields) {
    FeaturePairs::bind(fields);
    fields.choice<SelectivityKernel>("kernel", kernel,
                                     {{"polynomial", SelectivityKernel::polynomial},
                                      {"linear", SelectivityKernel::linear},
                                      {"gaussian", SelectivityKernel::gaussian}},
                                     "k: (x.y)^2, x.y or exp(-|x - y|^2/(2 s^2)), s^2 the mean of the squared "
                                     "distances of the student's channels from the teacher's");
  }
};

/// ‖x_c − y_d‖² of all channels, [N, C_x, C_y].
at::Tensor squared_distances(const at::Tensor& x, const at::Tensor& y) {
  const at::Tensor own = x.square().sum(2).unsqueeze(2) + y.square().sum(2).unsqueeze(1);
  return (own - 2 * at::matmul(x, y.transpose(1, 2))).clamp_min(0);
}

class Nst : public Loss {
 public:
  explicit Nst(NstOptions options) : options_(std::move(options)) {}

  LossNeeds needs() const override { return options_.needs(); }

  void prepare(const LossShapes& shapes, LossParameters&) override { require_maps(options_.of(shapes)); }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets&) const override {
    return sum_over(options_.of(student, teacher), [&](const FeaturePair& pair) {
      const FeaturePair maps = pooled_to_one_size(pair);
      return discrepancy(unit_vectors(maps.student.flatten(2)), unit_vectors(maps.teacher.flatten(2)));
    });
  }

 private:
  at::Tensor discrepancy(const at::Tensor& x, const at::Tensor& y) const {
    at::Tensor variance;
    if (options_.kernel == SelectivityKernel::gaussian) {
      constexpr double kLeastVariance = 1e-6;
      variance = squared_distances(x, y).mean(at::IntArrayRef{1, 2}, /*keepdim=*/true).clamp_min(kLeastVariance);
    }
    const auto mean = [&](const at::Tensor& a, const at::Tensor& b) {
      if (variance.defined()) return at::exp(-squared_distances(a, b) / (2 * variance)).mean();
      const at::Tensor products = at::matmul(a, b.transpose(1, 2));
      return (options_.kernel == SelectivityKernel::linear ? products : products.square()).mean();
    };
    return mean(x, x) + mean(y, y) - 2 * mean(x, y);
  }

  NstOptions options_;
};

}  // namespace

void register_nst(Catalogue& catalogue) {
  catalogue.add<Loss, NstOptions>(
      Slot::loss,
      {.name = "nst",
       .aliases = {"neuron_selectivity"},
       .summary = "The student's channels are distributed as the teacher's, by their maximum mean discrepancy.",
       .formula = "mean k(x_c, x_c') + mean k(y_d, y_d') - 2 mean k(x_c, y_d), x of the student, y of the teacher, "
                  "channels of length 1; mean over examples",
       .source = "Huang, Wang 2017, section 4",
       .principal = "from",
       .needs_teacher = true},
      [](const NstOptions& options) { return std::make_unique<Nst>(options); });
}

}  // namespace limbeck
