#include "nn/fused_linear.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/types.h>

#include <algorithm>

#include "core/vectorize.h"
#include "nn/dropout.h"
#include "nn/torch_compatibility.h"

#ifdef LIMBECK_HAS_DNNL
#include <dnnl.h>
#endif

namespace limbeck {

#ifdef LIMBECK_HAS_DNNL
namespace {

constexpr int64_t kSmallestRange = 1 << 13;  // elements for which a second thread is worth waking

enum class Layout : char { plain = 'N', transposed = 'T' };

/// C [m, n] = op(A) op(B), all row-major and contiguous, op(A) [m, k], op(B) [k, n].
void multiply(Layout a_layout, Layout b_layout, int64_t m, int64_t n, int64_t k, const float* a, const float* b,
              float* c) {
  const int64_t a_stride = a_layout == Layout::plain ? k : m, b_stride = b_layout == Layout::plain ? n : k;
  const dnnl_status_t status = dnnl_sgemm(static_cast<char>(a_layout), static_cast<char>(b_layout), m, n, k, 1.0F, a,
                                          a_stride, b, b_stride, 0.0F, c, n);
  if (status != dnnl_success) throw Error(fmt::format("oneDNN cannot multiply {}x{}x{}: status {}", m, n, k,
                                                      static_cast<int>(status)));
}

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
  const torch::Tensor ids = drops ? epilogue.noise->ids.contiguous() : torch::Tensor();
  const auto* id = drops ? read_pointer<int64_t>(ids) : nullptr;
  at::parallel_for(0, rows, kSmallestRange / columns + 1, [&](int64_t begin, int64_t end) {
    std::vector<float> factors(drops ? static_cast<size_t>(columns) : 0);
    for (int64_t row = begin; row < end; ++row) {
      float* at = y + row * columns;
      if (bias != nullptr) add_bias(at, bias, columns);
      if (epilogue.activation == Activation::relu) apply_relu(at, columns);
      if (!drops) continue;
      drop_row(*epilogue.dropout, epilogue.noise->seed, epilogue.noise->epoch, id[row], columns, factors.data());
      scale_by(at, factors.data(), columns);
    }
  });
}

/// gradient · [y > 0] · scale where there is an activation; the bias's gradient is the sum over rows.
torch::Tensor through_epilogue(const torch::Tensor& gradient, const torch::Tensor& y, Activation activation, float scale,
                               torch::Tensor& bias_gradient) {
  const int64_t rows = y.size(0), columns = y.size(1);
  if (activation == Activation::none) {
    if (bias_gradient.defined()) torch::sum_out(bias_gradient, gradient, 0);
    return gradient;
  }
  torch::Tensor passed = torch::empty_like(gradient);
  torch::Tensor sums = bias_gradient.defined() ? bias_gradient.zero_() : torch::zeros({columns}, gradient.options());
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

torch::Tensor forward_pass(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                           const Epilogue& epilogue) {
  const int64_t rows = x.size(0), in = x.size(1), out = weight.size(0);
  torch::Tensor y = torch::empty({rows, out}, x.options());
  multiply(Layout::plain, Layout::transposed, rows, out, in, read_pointer<float>(x), read_pointer<float>(weight),
           y.data_ptr<float>());
  apply_epilogue(epilogue, bias.defined() ? read_pointer<float>(bias) : nullptr, y.data_ptr<float>(), rows, out);
  return y;
}

class FusedLinear : public torch::autograd::Function<FusedLinear> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& weight, const torch::Tensor& bias, const Epilogue& epilogue) {
    torch::Tensor y = forward_pass(x, weight, bias, epilogue);
    context->save_for_backward({x, weight, y});
    context->saved_data["relu"] = epilogue.activation == Activation::relu;
    context->saved_data["scale"] = epilogue.dropout == nullptr ? 1.0 : 1 / (1 - epilogue.dropout->probability);
    context->saved_data["bias"] = bias.defined();
    context->saved_data["needs_x"] = x.requires_grad();
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &x = saved[0], &weight = saved[1], &y = saved[2];
    const int64_t rows = x.size(0), in = x.size(1), out = weight.size(0);
    torch::Tensor bias_gradient = context->saved_data["bias"].toBool() ? torch::empty({out}, x.options()) : torch::Tensor();
    const torch::Tensor passed = through_epilogue(
        gradients[0].contiguous(), y, context->saved_data["relu"].toBool() ? Activation::relu : Activation::none,
        static_cast<float>(context->saved_data["scale"].toDouble()),
        bias_gradient);
    torch::Tensor weight_gradient = torch::empty(weight.sizes(), weight.options());
    multiply(Layout::transposed, Layout::plain, out, in, rows, read_pointer<float>(passed), read_pointer<float>(x),
             weight_gradient.data_ptr<float>());
    torch::Tensor x_gradient;
    if (context->saved_data["needs_x"].toBool()) {
      x_gradient = torch::empty(x.sizes(), x.options());
      multiply(Layout::plain, Layout::plain, rows, in, out, read_pointer<float>(passed), read_pointer<float>(weight),
               x_gradient.data_ptr<float>());
    }
    return {x_gradient, weight_gradient, bias_gradient, torch::Tensor()};
  }
};

}  // namespace

bool can_fuse_linear(const torch::Tensor& x, const torch::Tensor& weight) {
  const auto fits = [](const torch::Tensor& tensor) {
    return tensor.is_cpu() && tensor.scalar_type() == torch::kFloat32 && tensor.dim() == 2 && tensor.numel() > 0;
  };
  return fits(x) && fits(weight) && weight.is_contiguous();
}

torch::Tensor fused_linear(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                           const Epilogue& epilogue) {
  if (epilogue.dropout != nullptr && (epilogue.activation != Activation::relu || epilogue.noise == nullptr))
    throw Error("fused_linear: dropout needs ReLU before it, and noise");
  const torch::Tensor rows = x.contiguous();
  const bool needs_gradient = at::GradMode::is_enabled() && (weight.requires_grad() || x.requires_grad());
  return needs_gradient ? FusedLinear::apply(rows, weight, bias, epilogue) : forward_pass(rows, weight, bias, epilogue);
}

#else  // without oneDNN the plain path serves

bool can_fuse_linear(const torch::Tensor&, const torch::Tensor&) { return false; }

torch::Tensor fused_linear(const torch::Tensor&, const torch::Tensor&, const torch::Tensor&, const Epilogue&) {
  throw Error("this build has no oneDNN; fused_linear cannot be used");
}

#endif

}  // namespace limbeck
