// Stochastic gradient descent with momentum, in PyTorch's form:
//   g ← ∇L + λ w        m ← μ m + g        w ← w − η (g + μ m  if nesterov else  m)

#include <ATen/TensorOperators.h>

#include "core/vectorize.h"
#include "device/operators.h"
#include "kernels/fused_update.h"
#include "train/optimizer.h"

namespace limbeck {
namespace {

struct SgdOptions : UpdateOptions {
  double momentum = 0.9;
  bool nesterov = false;
  void bind(Fields& fields) {
    UpdateOptions::bind(fields);
    fields.number("momentum", momentum, from_below(0, 1), "momentum coefficient μ");
    fields.flag("nesterov", nesterov, "look ahead by one momentum step");
    fields.require(!nesterov || momentum > 0, "nesterov needs a momentum above 0");
  }
};

struct SgdFactors {
  float rate, decay, momentum;
  float ahead, along;  ///< how much of the gradient, and of the momentum, goes into the step
};

LIMBECK_VECTORIZED
void update_range(float* __restrict w, float* __restrict m, const float* __restrict g, int64_t count, SgdFactors by) {
  for (int64_t i = 0; i < count; ++i) {
    const float pulled = g[i] + by.decay * w[i];
    m[i] = by.momentum * m[i] + pulled;
    w[i] -= by.rate * (by.ahead * pulled + by.along * m[i]);
  }
}

class Sgd : public Optimizer {
 public:
  Sgd(const SgdOptions& options, const ParameterGroups& groups)
      : Optimizer(groups, options), options_(options), momentum_(state_like_parameters("momentum")) {}

  TensorMap state() const override {
    TensorMap map;
    add_to(map, momentum_);
    return map;
  }

 protected:
  void update(size_t index, at::Tensor& value, const at::Tensor& gradient, double learning_rate) override {
    const auto mu = static_cast<float>(options_.momentum);
    const SgdFactors factors{.rate = static_cast<float>(learning_rate),
                             .decay = static_cast<float>(options_.weight_decay),
                             .momentum = mu,
                             .ahead = options_.nesterov ? 1.0F : 0.0F,
                             .along = options_.nesterov ? mu : 1.0F};
    auto* w = value.data_ptr<float>();
    auto* m = momentum_[index].value.data_ptr<float>();
    const auto* g = gradient.data_ptr<float>();
    for_each_range(value.numel(), [=](int64_t begin, int64_t end) {
      update_range(w + begin, m + begin, g + begin, end - begin, factors);
    });
  }

  void update_lists(const std::vector<size_t>& indices, const std::vector<at::Tensor>& values,
                    const std::vector<at::Tensor>& gradients, const DeviceUpdate& update) override {
    sgd_update(values, chosen(momentum_, indices), gradients, update.rounded, update.rate, update.state,
               {.decay = options_.weight_decay, .momentum = options_.momentum, .nesterov = options_.nesterov});
  }

 private:
  SgdOptions options_;
  std::vector<Parameter> momentum_;
};

}  // namespace

void register_sgd(Catalogue& catalogue) {
  catalogue.add<Optimizer, SgdOptions, const ParameterGroups&>(
      Slot::optimizer,
      {.name = "sgd",
       .summary = "Stochastic gradient descent with momentum, optionally Nesterov's.",
       .formula = "m = mu m + g + decay w, w = w - rate m",
       .source = "Sutskever et al. 2013",
       .principal = "learning_rate"},
      [](const SgdOptions& options, const ParameterGroups& groups) { return std::make_unique<Sgd>(options, groups); });
}

}  // namespace limbeck
