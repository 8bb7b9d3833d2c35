#include "kernels/fused_linear.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "core/error.h"
#include "core/vectorize.h"
#include "device/autograd_function.h"
#include "kernels/dropout.h"
#include "kernels/products.h"
#include "kernels/torch_compatibility.h"

namespace limbeck {
namespace {

constexpr int64_t kSmallestRange = 1 << 13;  // elements for which a second thread is worth waking

LIMBECK_VECTORIZED
void add_bias(float* __restrict y, const float* __restrict bias, int64_t count) {
  for (int64_t i = 0; i < count; ++i) y[i] += bias[i];
}

LIMBECK_VECTORIZED
void apply_relu(float* y, int64_t count) {
  for (int64_t i = 0; i < count; ++i) y[i] = y[i] > 0 ? y[i] : 0.0F;
}

LIMBECK_VECTORIZED
void scale_by(float* __restrict y, const float* __restrict factors, int64_t count) {
  for (int64_t i = 0; i < count; ++i) y[i] *= factors[i];
}

/// to = from where y > 0, scaled; both are added up in sums.
LIMBECK_VECTORIZED
void pass_relu(float* __restrict to, const float* __restrict from, const float* __restrict y, float scale,
               float* __restrict sums, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    to[i] = y[i] > 0 ? from[i] * scale : 0.0F;
    sums[i] += to[i];
  }
}

/// Bias, ReLU and dropout in place on y [rows, columns].
void apply_epilogue(const Epilogue& epilogue, const float* bias, float* y, int64_t rows, int64_t columns) {
  const bool drops = epilogue.dropout != nullptr;
  const at::Tensor ids = drops ? epilogue.noise->ids.contiguous() : at::Tensor();
  const auto* id = drops ? read_pointer<int64_t>(ids) : nullptr;
  at::parallel_for(0, rows, kSmallestRange / columns + 1, [&](int64_t begin, int64_t end) {
    std::vector<float> factors(drops ? static_cast<size_t>(columns) : 0);
    for (int64_t row = begin; row < end; ++row) {
      float* at = y + row * columns;
      if (bias != nullptr) add_bias(at, bias, columns);
      if (epilogue.activation == Activation::relu) apply_relu(at, columns);
      if (!drops) continue;
      drop_row(*epilogue.dropout, epilogue.noise->seed, epilogue.noise->epoch.number(), id[row], columns,
               factors.data());
      scale_by(at, factors.data(), columns);
    }
  });
}

/// gradient · [y > 0] · scale where there is an activation; the bias's gradient is the sum over rows.
at::Tensor through_epilogue(const at::Tensor& gradient, const at::Tensor& y, Activation activation, float scale,
                            at::Tensor& bias_gradient) {
  const int64_t rows = y.size(0), columns = y.size(1);
  if (activation == Activation::none) {
    if (bias_gradient.defined()) at::sum_out(bias_gradient, gradient, 0);
    return gradient;
  }
  at::Tensor passed = at::empty_like(gradient);
  at::Tensor sums = bias_gradient.defined() ? bias_gradient.zero_() : at::zeros({columns}, gradient.options());
  const auto* from = read_pointer<float>(gradient);
  const auto* output = read_pointer<float>(y);
  auto *to = passed.data_ptr<float>(), *sum = sums.data_ptr<float>();
  // Each thread sums whole columns, so that the order of summation is the same for any number of threads.
  constexpr int64_t kColumns = 64;
  at::parallel_for(0, (columns + kColumns - 1) / kColumns, kSmallestRange / (rows * kColumns) + 1,
                   [&](int64_t begin, int64_t end) {
                     const int64_t first = begin * kColumns, count = std::min(end * kColumns, columns) - first;
                     for (int64_t row = 0; row < rows; ++row) {
                       const int64_t at = row * columns + first;
                       pass_relu(to + at, from + at, output + at, scale, sum + first, count);
                     }
                   });
  return passed;
}

/// op(A) op(B) in the type of the factors, as float32 [m, n].
at::Tensor product(Layout a_layout, Layout b_layout, const at::Tensor& a, const at::Tensor& b) {
  const bool a_plain = a_layout == Layout::plain;
  const int64_t m = a.size(a_plain ? 0 : 1), k = a.size(a_plain ? 1 : 0), n = b.size(b_layout == Layout::plain ? 1 : 0);
  at::Tensor c = at::empty({m, n}, a.options().dtype(at::kFloat));
  if (a.scalar_type() == at::kBFloat16)
    multiply(a_layout, b_layout, m, n, k, read_pointer<at::BFloat16>(a), read_pointer<at::BFloat16>(b),
             c.data_ptr<float>());
  else
    multiply(a_layout, b_layout, m, n, k, read_pointer<float>(a), read_pointer<float>(b), c.data_ptr<float>());
  return c;
}

at::Tensor forward_pass(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                        const Epilogue& epilogue) {
  at::Tensor y = product(Layout::plain, Layout::transposed, x, weight);
  apply_epilogue(epilogue, bias.defined() ? read_pointer<float>(bias) : nullptr, y.data_ptr<float>(), y.size(0),
                 y.size(1));
  return y;
}

class FusedLinear : public torch::autograd::Function<FusedLinear> {
 public:
  /// `bias` [out], or [0] for none: autograd takes no undefined tensors. `factors`: x and weight in the type in which
  /// they are multiplied.
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, const Epilogue& epilogue,
                            const std::pair<at::Tensor, at::Tensor>& factors) {
    const bool has_bias = bias.numel() > 0;
    at::Tensor y = forward_pass(factors.first, factors.second, has_bias ? bias : at::Tensor(), epilogue);
    context->save_for_backward({factors.first, factors.second, y});
    context->saved_data["relu"] = epilogue.activation == Activation::relu;
    context->saved_data["scale"] = epilogue.dropout == nullptr ? 1.0 : 1 / (1 - epilogue.dropout->probability);
    context->saved_data["bias"] = has_bias;
    context->saved_data["needs_x"] = x.requires_grad();
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &y = saved[2];
    at::Tensor bias_gradient =
        context->saved_data["bias"].toBool() ? at::empty({y.size(1)}, y.options()) : at::Tensor();
    at::Tensor passed = through_epilogue(gradients[0].contiguous(), y,
                                         context->saved_data["relu"].toBool() ? Activation::relu : Activation::none,
                                         static_cast<float>(context->saved_data["scale"].toDouble()), bias_gradient);
    if (x.scalar_type() == at::kBFloat16) passed = to_bfloat16(passed);
    const at::Tensor weight_gradient = product(Layout::transposed, Layout::plain, passed, x);
    at::Tensor x_gradient;
    if (context->saved_data["needs_x"].toBool()) x_gradient = product(Layout::plain, Layout::plain, passed, weight);
    return {x_gradient, weight_gradient, bias_gradient, at::Tensor(), at::Tensor()};
  }
};

}  // namespace

bool can_fuse_linear(const at::Tensor& x, const at::Tensor& weight) {
  const auto fits = [](const at::Tensor& tensor) {
    return tensor.is_cpu() && tensor.scalar_type() == at::kFloat && tensor.dim() == 2 && tensor.numel() > 0;
  };
  return has_products() && fits(x) && fits(weight) && weight.is_contiguous();
}

bool worth_bfloat16(const at::Tensor& weight) {
  constexpr int64_t kSmallest = 1 << 16;  // below, rounding the factors costs what the product gains
  return weight.dim() == 2 && weight.numel() >= kSmallest && std::min(weight.size(0), weight.size(1)) >= 64;
}

at::Tensor fused_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const Epilogue& epilogue,
                        const at::Tensor& rounded_weight) {
  if (epilogue.dropout != nullptr && (epilogue.activation != Activation::relu || epilogue.noise == nullptr))
    throw Error("fused_linear: dropout needs ReLU before it, and noise");
  const bool rounded = rounded_weight.defined();
  const std::pair<at::Tensor, at::Tensor> factors{rounded ? to_bfloat16(x) : x.contiguous(),
                                                  rounded ? rounded_weight : weight};
  const bool needs_gradient = at::GradMode::is_enabled() && (weight.requires_grad() || x.requires_grad());
  if (!needs_gradient) return forward_pass(factors.first, factors.second, bias, epilogue);
  return FusedLinear::apply(x, weight, bias.defined() ? bias : at::empty({0}, weight.options()), epilogue, factors);
}

}  // namespace limbeck
