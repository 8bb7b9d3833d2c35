// Cross-entropy with the labels.
//   L = −(1/N) Σ_n log softmax(z_n)[y_n]     over the N examples that have a label
// Of examples that are mixed in pairs (mixup), the two labels' by their shares: λ L(y_i) + (1 − λ) L(y_j); see
// LabelSums.

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

#include "core/error.h"
#include "device/operators.h"
#include "limbeck/loss.h"
#include "loss/rowwise.h"

namespace limbeck {
namespace {

class HardLabels : public Loss {
 public:
  LossNeeds needs() const override { return {.labels = true}; }

  at::Tensor value(const Outputs& student, const TeacherOutputs&, const Targets& targets) const override {
    if (can_go_rowwise(student.logits)) return fused(student.logits, targets);
    if (is_on_device(student.logits))
      return label_loss(student.logits, targets.labels, targets.partner_labels, targets.mix);
    const auto [sum, weights] = label_sums(at::log_softmax(student.logits, 1), targets);
    const at::Tensor count = weights.sum();
    return sum / (count + count.eq(0));
  }

 private:
  /// A label of each row, and how much it counts.
  struct Label {
    at::Tensor classes;          ///< [N] int64
    std::vector<float> weights;  ///< 0 where unlabelled
    float weight(int64_t row) const { return weights[static_cast<size_t>(row)]; }
    int64_t of(int64_t row) const { return classes.data_ptr<int64_t>()[row]; }
  };

  static Label label_of(const at::Tensor& labels, const at::Tensor& student,
                        const std::function<float(int64_t)>& share) {
    Label label{.classes = labels.contiguous(), .weights = {}};
    const auto* y = label.classes.data_ptr<int64_t>();
    const int64_t count = labels.size(0), classes = student.size(1);
    if (count != student.size(0)) throw Error(fmt::format("{} labels for {} rows of logits", count, student.size(0)));
    if (std::any_of(y, y + count, [&](int64_t of) { return of >= classes; }))
      throw Error(
          fmt::format("a label is {}, but the network has {} outputs", *std::max_element(y, y + count), classes));
    for (int64_t row = 0; row < count; ++row) label.weights.push_back(y[row] < 0 ? 0.0F : share(row));
    return label;
  }

  static std::vector<Label> labels_of(const at::Tensor& student, const Targets& targets) {
    if (!targets.mix.defined()) return {label_of(targets.labels, student, [](int64_t) { return 1.0F; })};
    const at::Tensor shares = targets.mix.to(at::kFloat).contiguous();
    const auto* share = shares.data_ptr<float>();
    return {label_of(targets.labels, student, [&](int64_t row) { return share[row]; }),
            label_of(targets.partner_labels, student, [&](int64_t row) { return 1 - share[row]; })};
  }

  static at::Tensor fused(const at::Tensor& student, const Targets& targets) {
    const std::vector<Label> labels = labels_of(student, targets);
    const int64_t classes = student.size(1);
    double count = 0;
    for (const Label& label : labels) count = std::accumulate(label.weights.begin(), label.weights.end(), count);
    return rowwise(student, count > 0 ? 1 / count : 1, [&](int64_t row, const float* z, float* gradient) {
      log_softmax_row(z, classes, 1, gradient);
      double value = 0;
      float weight = 0;
      for (const Label& label : labels) {
        if (label.weight(row) > 0) value += label.weight(row) * -gradient[label.of(row)];
        weight += label.weight(row);
      }
      std::transform(gradient, gradient + classes, gradient, [&](float log_q) { return weight * std::exp(log_q); });
      for (const Label& label : labels)
        if (label.weight(row) > 0) gradient[label.of(row)] -= label.weight(row);
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
