#include "train/optimizer.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros_like.h>

#include <array>
#include <cmath>

#include "core/vectorize.h"
#include "kernels/fused_update.h"

namespace limbeck {
namespace {

LIMBECK_VECTORIZED
float sum_of_squares(const float* values, int64_t count) {
  constexpr int64_t kLanes = 16;  // partial sums, which the compiler turns into vectors
  std::array<float, kLanes> sums{};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (int64_t lane = 0; lane < kLanes; ++lane)
      sums[static_cast<size_t>(lane)] += values[i + lane] * values[i + lane];
  float sum = 0;
  for (; i < count; ++i) sum += values[i] * values[i];
  for (const float part : sums) sum += part;
  return sum;
}

}  // namespace

void UpdateOptions::bind(Fields& fields) {
  fields.number("learning_rate", learning_rate, above(0), "step size; the schedule multiplies it");
  fields.number("weight_decay", weight_decay, at_least(0), "pulls every parameter towards 0");
  fields.number("max_norm", max_norm, at_least(0), "largest L2 norm of the weights that come into a unit; 0: no bound");
}

Optimizer::Optimizer(const ParameterGroups& groups, const UpdateOptions& options) : options_(options) {
  for (const ParameterGroup& group : groups) {
    for (const Parameter& parameter : group.parameters) {
      parameters_.push_back(parameter);
      state_names_.push_back(group.name.empty() ? parameter.name : group.name + ":" + parameter.name);
    }
    group_ends_.push_back(parameters_.size());
  }
}

void Optimizer::release_gradients() {
  for (Parameter& parameter : parameters_) parameter.value.mutable_grad() = at::Tensor();
}

void Optimizer::step(double rate_factor) {
  const at::NoGradGuard no_gradient;
  begin_step();
  size_t begin = 0;
  for (const size_t end : group_ends_) {
    step_group(begin, end, options_.learning_rate * rate_factor);
    begin = end;
  }
}

void Optimizer::step_group(size_t begin, size_t end, double learning_rate) {
  std::vector<size_t> others;
  std::vector<at::Tensor> values, gradients;
  for (size_t i = begin; i < end; ++i) {
    at::Tensor& value = parameters_[i].value;
    const at::Tensor gradient = value.grad();
    if (!gradient.defined()) continue;
    // Released, not zeroed: the next backward pass hands its own buffer over instead of adding to this one.
    value.mutable_grad() = at::Tensor();
    if (can_fuse_update(value, gradient)) {
      update(i, value, gradient, learning_rate);
      constrain(value);
    } else {
      others.push_back(i);
      values.push_back(value);
      gradients.push_back(gradient);
    }
  }
  if (others.empty()) return;
  const at::TensorOptions where = values.front().options().requires_grad(false);
  update_lists(others, values, gradients,
               {.rate = at::full({}, learning_rate, where.dtype(at::kFloat)),
                .state = at::full({2}, -1, where.dtype(at::kLong)),
                .rounded = {}});
  for (at::Tensor& value : values) constrain(value);
}

void Optimizer::step(const DeviceUpdate& update) {
  const at::NoGradGuard no_gradient;
  begin_step();
  std::vector<size_t> indices;
  std::vector<at::Tensor> values, gradients;
  DeviceUpdate own{update.rate, update.state, {}};
  for (size_t i = 0; i < parameters_.size(); ++i) {
    at::Tensor& value = parameters_[i].value;
    if (!value.grad().defined()) continue;
    indices.push_back(i);
    values.push_back(value);
    gradients.push_back(value.grad());
    if (!update.rounded.empty()) own.rounded.push_back(update.rounded[i]);
    value.mutable_grad() = at::Tensor();
  }
  update_lists(indices, values, gradients, own);
  if (options_.max_norm == 0) return;
  for (size_t i = 0; i < values.size(); ++i) {
    constrain(values[i]);
    if (!own.rounded.empty() && own.rounded[i].defined()) own.rounded[i].copy_(values[i]);
  }
}

std::vector<at::Tensor> Optimizer::chosen(const std::vector<Parameter>& state, const std::vector<size_t>& indices) {
  std::vector<at::Tensor> tensors;
  for (const size_t i : indices) tensors.push_back(state[i].value);
  return tensors;
}

void Optimizer::constrain(at::Tensor& value) const {
  if (options_.max_norm == 0 || value.dim() < 2) return;
  const auto bound = static_cast<float>(options_.max_norm);
  if (!can_fuse_update(value)) {
    std::vector<int64_t> of_each_unit(static_cast<size_t>(value.dim()), 1);
    of_each_unit[0] = value.size(0);
    value.mul_((bound / value.flatten(1).norm(2, {1}).clamp_min(1e-12)).clamp_max(1).reshape(of_each_unit));
    return;
  }
  const int64_t columns = value.numel() / value.size(0);
  auto* weights = value.data_ptr<float>();
  at::parallel_for(0, value.size(0), 16, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      float* at = weights + row * columns;
      const float sum = sum_of_squares(at, columns);
      if (sum <= bound * bound) continue;
      const float factor = bound / std::sqrt(sum);
      for (int64_t j = 0; j < columns; ++j) at[j] *= factor;
    }
  });
}

std::vector<Parameter> Optimizer::state_like_parameters(const std::string& prefix) const {
  std::vector<Parameter> state;
  for (size_t i = 0; i < parameters_.size(); ++i)
    state.push_back({prefix + "." + state_names_[i], at::zeros_like(parameters_[i].value.detach())});
  return state;
}

void add_to(TensorMap& map, const std::vector<Parameter>& state) {
  for (const Parameter& entry : state) map[entry.name] = entry.value;
}

void Optimizer::load_state(const TensorMap& saved, const std::string& where) {
  for (auto& [name, own] : state()) {
    const auto found = saved.find(name);
    if (found == saved.end() || found->second.sizes() != own.sizes())
      throw Error(fmt::format("{} has no fitting '{}' for the optimizer", where, name));
    at::Tensor target = own;
    target.copy_(found->second);
  }
}

std::unique_ptr<Optimizer> make_optimizer(const Choice& choice, const ParameterGroups& groups) {
  return choice.make<Optimizer, const ParameterGroups&>(groups);
}

std::unique_ptr<Optimizer> make_optimizer(const Choice& choice, const Network& network) {
  return make_optimizer(choice, ParameterGroups{{.name = "", .parameters = network.parameters()}});
}

}  // namespace limbeck
