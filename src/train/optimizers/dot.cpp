// Distillation-oriented trainer: SGD with a momentum of its own for the gradients of the teacher's terms, which
// outweighs that of the others (B. Zhao, Q. Cui, R. Song, J. Liang, "DOT: a distillation-oriented trainer", ICCV 2023,
// arXiv 2307.08436, section 3.3).
//   g: gradient of the terms that read no teacher, h: of those that do
//   m ← (μ − Δ) m + g + λ w        k ← (μ + Δ) k + h        w ← w − η (m + k)
// The paper takes Δ = 0.075 on CIFAR-100 and Tiny-ImageNet, 0.09 on ImageNet.
//   optimizer: { dot: { learning_rate: 0.05, weight_decay: 5e-4 } }

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros_like.h>

#include "core/vectorize.h"
#include "device/operators.h"
#include "kernels/fused_update.h"
#include "train/optimizer.h"

namespace limbeck {
namespace {

struct DotOptions : UpdateOptions {
  double momentum = 0.9;
  double delta = 0.075;
  void bind(Fields& fields) {
    UpdateOptions::bind(fields);
    fields.number("momentum", momentum, from_below(0, 1), "momentum coefficient μ");
    fields.number("delta", delta, from_below(0, 1), "Δ, by which the two momenta differ from μ");
    fields.require(delta <= momentum && momentum + delta < 1, "momentum - delta must be at least 0, their sum below 1");
  }
};

struct DotFactors {
  float rate, decay, task, distilled;
};

LIMBECK_VECTORIZED
void update_by_both(float* __restrict w, float* __restrict m, float* __restrict k, const float* __restrict g,
                    const float* __restrict h, int64_t count, DotFactors by) {
  for (int64_t i = 0; i < count; ++i) {
    m[i] = by.task * m[i] + g[i] + by.decay * w[i];
    k[i] = by.distilled * k[i] + h[i];
    w[i] -= by.rate * (m[i] + k[i]);
  }
}

class Dot : public Optimizer {
 public:
  Dot(const DotOptions& options, const ParameterGroups& groups)
      : Optimizer(groups, options),
        options_(options),
        task_(state_like_parameters("momentum")),
        distilled_(state_like_parameters("distilled")),
        gradients_(state_like_parameters("gradient")) {}

  bool separates() const override { return true; }

  void keep_distilled(const std::vector<at::Tensor>& rounded) override {
    for (size_t i = 0; i < parameters().size(); ++i) {
      at::Tensor holder = !rounded.empty() && rounded[i].defined() ? rounded[i] : parameters()[i].value;
      at::Tensor& kept = gradients_[i].value;
      if (!holder.grad().defined()) {
        kept.zero_();
        continue;
      }
      kept.copy_(holder.grad());
      holder.mutable_grad() = at::zeros_like(holder.grad());  // a parameter that no other term reaches is updated too
    }
  }

  TensorMap state() const override {
    TensorMap map;
    add_to(map, task_);
    add_to(map, distilled_);
    return map;
  }

 protected:
  void update(size_t index, at::Tensor& value, const at::Tensor& gradient, double learning_rate) override {
    const DotFactors factors{.rate = static_cast<float>(learning_rate),
                             .decay = static_cast<float>(options_.weight_decay),
                             .task = static_cast<float>(options_.momentum - options_.delta),
                             .distilled = static_cast<float>(options_.momentum + options_.delta)};
    auto* w = value.data_ptr<float>();
    auto* m = task_[index].value.data_ptr<float>();
    auto* k = distilled_[index].value.data_ptr<float>();
    const auto* g = gradient.data_ptr<float>();
    const auto* h = gradients_[index].value.data_ptr<float>();
    for_each_range(value.numel(), [=](int64_t begin, int64_t end) {
      update_by_both(w + begin, m + begin, k + begin, g + begin, h + begin, end - begin, factors);
    });
  }

  /// Two updates by SGD: the decay is of the first, before which the weights are those of the gradients.
  void update_lists(const std::vector<size_t>& indices, const std::vector<at::Tensor>& values,
                    const std::vector<at::Tensor>& gradients, const DeviceUpdate& update) override {
    sgd_update(values, chosen(task_, indices), gradients, {}, update.rate, update.state,
               {.decay = options_.weight_decay, .momentum = options_.momentum - options_.delta, .nesterov = false});
    sgd_update(values, chosen(distilled_, indices), chosen(gradients_, indices), update.rounded, update.rate,
               update.state, {.decay = 0, .momentum = options_.momentum + options_.delta, .nesterov = false});
  }

 private:
  DotOptions options_;
  std::vector<Parameter> task_, distilled_;  ///< momenta
  std::vector<Parameter> gradients_;         ///< of the teacher's terms, of this step
};

}  // namespace

void register_dot(Catalogue& catalogue) {
  catalogue.add<Optimizer, DotOptions, const ParameterGroups&>(
      Slot::optimizer,
      {.name = "dot",
       .summary = "SGD with separate momenta for the terms that read the teacher and for the others.",
       .formula = "m = (mu - delta) m + g + decay w, k = (mu + delta) k + h, w = w - rate (m + k); h: gradient of the "
                  "terms that read the teacher, g: of the others",
       .source = "Zhao et al. 2023",
       .principal = "learning_rate"},
      [](const DotOptions& options, const ParameterGroups& groups) { return std::make_unique<Dot>(options, groups); });
}

}  // namespace limbeck
