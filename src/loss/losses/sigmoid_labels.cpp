// Binary cross-entropy with the labels: each class is a question of its own, to be answered yes or no.
//   L = −1/N Σ_n (log σ(z_y) + Σ_{c ≠ y} log (1 − σ(z_c)))       over the N examples that have a label
// R. Wightman, H. Touvron, H. Jégou, "ResNet strikes back: an improved training procedure in timm", 2021, arXiv
// 2110.00476. Its authors' code averages over classes too, `reduction: mean`, a weight smaller by C. Of
// examples that are mixed in pairs (mixup), the two labels' by their shares, which is the cross-entropy with the mixed
// labels; that paper's recipe counts both as present instead.

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/where.h>

#include "limbeck/loss.h"
#include "loss/target_split.h"

namespace limbeck {
namespace {

struct SigmoidLabelsOptions {
  Reduction reduction = Reduction::batchmean;
  void bind(Fields& fields) { bind_reduction(fields, reduction); }
};

class SigmoidLabels : public Loss {
 public:
  explicit SigmoidLabels(const SigmoidLabelsOptions& options) : options_(options) {}

  LossNeeds needs() const override { return {.labels = true}; }

  at::Tensor value(const Outputs& student, const TeacherOutputs&, const Targets& targets) const override {
    const at::Tensor& z = student.logits;  // [N, C]
    const at::Tensor mean = mean_over_labels(targets, [&](const at::Tensor& labels) {
      return -at::log_sigmoid(at::where(is_label(labels, z), z, -z)).sum(1);
    });
    return options_.reduction == Reduction::mean ? mean / static_cast<double>(z.size(1)) : mean;
  }

 private:
  SigmoidLabelsOptions options_;
};

}  // namespace

void register_sigmoid_labels(Catalogue& catalogue) {
  catalogue.add<Loss, SigmoidLabelsOptions>(
      Slot::loss,
      {.name = "sigmoid_labels",
       .summary = "Binary cross-entropy of each class with the labels, for sigmoid outputs.",
       .formula = "-log sigmoid(z_y) - sum_{c != y} log(1 - sigmoid(z_c)), mean over labelled examples",
       .source = "Wightman et al. 2021"},
      [](const SigmoidLabelsOptions& options) { return std::make_unique<SigmoidLabels>(options); });
}

}  // namespace limbeck
