// Cross-entropy with the labels.
//   L = −(1/N) Σ_n log softmax(z_n)[y_n]     over the N examples that have a label
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "loss/loss.h"
#include "loss/rowwise.h"

namespace limbeck {
namespace {

class HardLabels : public Loss {
 public:
  LossNeeds needs() const override { return {.labels = true}; }

  torch::Tensor value(const Outputs& student, const TeacherOutputs&, const Targets& targets) const override {
    if (can_go_rowwise(student.logits)) return fused(student.logits, targets.labels);
    const torch::Tensor log_p = torch::log_softmax(student.logits, 1);  // [N, C]
    const torch::Tensor sum = torch::nll_loss(log_p, targets.labels, {}, torch::Reduction::Sum, /*ignore_index=*/-1);
    return sum / targets.labels.ge(0).sum().clamp_min(1);
  }

 private:
  static torch::Tensor fused(const torch::Tensor& student, const torch::Tensor& labels) {
    const torch::Tensor contiguous = labels.contiguous();
    const auto* y = contiguous.data_ptr<int64_t>();
    const int64_t count = labels.size(0), classes = student.size(1);
    if (count != student.size(0)) throw Error(fmt::format("{} labels for {} rows of logits", count, student.size(0)));
    if (std::any_of(y, y + count, [&](int64_t label) { return label >= classes; }))
      throw Error(fmt::format("a label is {}, but the network has {} outputs", *std::max_element(y, y + count), classes));
    const auto labelled = std::count_if(y, y + count, [](int64_t label) { return label >= 0; });
    return rowwise(student, 1 / static_cast<double>(std::max<int64_t>(labelled, 1)),
                   [&](int64_t row, const float* z, float* gradient) {
      if (y[row] < 0) {
        std::fill_n(gradient, classes, 0.0F);
        return 0.0;
      }
      log_softmax_row(z, classes, 1, gradient);
      const double value = -gradient[y[row]];
      std::transform(gradient, gradient + classes, gradient, [](float log_q) { return std::exp(log_q); });
      gradient[y[row]] -= 1;
      return value;
    });
  }
};

}  // namespace

void register_hard_labels(Catalogue& catalogue) {
  catalogue.add<Loss, NoOptions>(Slot::loss,
                                 {.name = "hard_labels",
                                  .summary = "Cross-entropy with the labels; unlabelled examples do not count.",
                                  .formula = "-log softmax(z)[y]",
                                  .source = "Hinton et al. 2015, section 2"},
                                 [](const NoOptions&) { return std::make_unique<HardLabels>(); });
}

}  // namespace limbeck
