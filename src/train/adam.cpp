// Adam (Kingma, Ba 2015), with bias correction:
//   m ← β₁ m + (1 − β₁) g     v ← β₂ v + (1 − β₂) g²     w ← w − η (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
// Coupled weight decay adds λ w to g; decoupled (Loshchilov, Hutter 2019) first multiplies w by 1 − η λ.
#include "train/adam.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "core/vectorize.h"
#include "device/operators.h"
#include "kernels/fused_update.h"

namespace limbeck {
namespace {

struct AdamFactors {
  float rate, root_scale, coupled, shrink, beta1, beta2, epsilon;
};

LIMBECK_VECTORIZED
void update_range(float* __restrict w, float* __restrict m, float* __restrict v, const float* __restrict g,
                  int64_t count, AdamFactors by) {
  for (int64_t i = 0; i < count; ++i) {
    const float pulled = g[i] + by.coupled * w[i];
    m[i] = by.beta1 * m[i] + (1 - by.beta1) * pulled;
    v[i] = by.beta2 * v[i] + (1 - by.beta2) * pulled * pulled;
    w[i] = by.shrink * w[i] - by.rate * m[i] / (std::sqrt(v[i]) * by.root_scale + by.epsilon);
  }
}

class Adam : public Optimizer {
 public:
  Adam(const AdamOptions& options, WeightDecay decay, const ParameterGroups& groups)
      : Optimizer(groups, options),
        options_(options),
        decay_(decay),
        mean_(state_like_parameters("mean")),
        square_(state_like_parameters("square")),
        steps_(at::zeros({1}, at::TensorOptions(at::kLong).device(device_of(groups)))) {}

  TensorMap state() const override {
    TensorMap map;
    add_to(map, mean_);
    add_to(map, square_);
    map["steps"] = steps_;
    return map;
  }

 protected:
  void begin_step() override { steps_.add_(1); }

  void update(size_t index, at::Tensor& value, const at::Tensor& gradient, double learning_rate) override {
    const auto factors = factors_at(learning_rate);
    auto* w = value.data_ptr<float>();
    auto* m = mean_[index].value.data_ptr<float>();
    auto* v = square_[index].value.data_ptr<float>();
    const auto* g = gradient.data_ptr<float>();
    for_each_range(value.numel(), [=](int64_t begin, int64_t end) {
      update_range(w + begin, m + begin, v + begin, g + begin, end - begin, factors);
    });
  }

  void update_lists(const std::vector<size_t>& indices, const std::vector<at::Tensor>& values,
                    const std::vector<at::Tensor>& gradients, const DeviceUpdate& update) override {
    adam_update(values, chosen(mean_, indices), chosen(square_, indices), gradients, update.rounded, steps_,
                update.rate, update.state,
                {.beta1 = options_.beta1,
                 .beta2 = options_.beta2,
                 .epsilon = options_.epsilon,
                 .decay = options_.weight_decay,
                 .decoupled = decay_ == WeightDecay::decoupled});
  }

 private:
  /// The count of steps stands where the parameters are.
  static at::Device device_of(const ParameterGroups& groups) {
    for (const ParameterGroup& group : groups)
      if (!group.parameters.empty()) return group.parameters.front().value.device();
    return at::kCPU;
  }

  AdamFactors factors_at(double learning_rate) const {
    const auto steps = static_cast<double>(steps_.item<int64_t>());
    const auto number = [](double value) { return static_cast<float>(value); };
    return {.rate = number(learning_rate / (1 - std::pow(options_.beta1, steps))),
            .root_scale = number(1 / std::sqrt(1 - std::pow(options_.beta2, steps))),
            .coupled = number(decay_ == WeightDecay::coupled ? options_.weight_decay : 0),
            .shrink = number(decay_ == WeightDecay::decoupled ? 1 - learning_rate * options_.weight_decay : 1),
            .beta1 = number(options_.beta1),
            .beta2 = number(options_.beta2),
            .epsilon = number(options_.epsilon)};
  }

  AdamOptions options_;
  WeightDecay decay_;
  std::vector<Parameter> mean_, square_;
  at::Tensor steps_;
};

}  // namespace

std::unique_ptr<Optimizer> make_adam(const AdamOptions& options, WeightDecay decay, const ParameterGroups& groups) {
  return std::make_unique<Adam>(options, decay, groups);
}

}  // namespace limbeck
