#include "kernels/fused_convolution.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "device/autograd_function.h"
#include "kernels/fused_linear.h"
#include "kernels/torch_compatibility.h"
#include "kernels/winograd.h"

namespace limbeck {
namespace {

using AutogradContext = torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr at::MemoryFormat kConvolutionFormat = at::MemoryFormat::ChannelsLast;

at::Tensor as_image(const at::Tensor& x) {
  return x.contiguous(kConvolutionFormat);
}

at::Tensor empty_image(const at::Tensor& like, int64_t channels) {
  return at::empty({like.size(0), channels, like.size(2), like.size(3)}, like.options(), kConvolutionFormat);
}

WinogradShape shape_of(const at::Tensor& x, int64_t in, int64_t out) {
  return {.images = x.size(0), .height = x.size(2), .width = x.size(3), .in = in, .out = out};
}

const float* pointer_or_null(const at::Tensor& tensor) {
  return tensor.defined() ? read_pointer<float>(tensor) : nullptr;
}

at::Tensor transformed(const WinogradShape& shape, const at::Tensor& weight, bool turned) {
  at::Tensor result = at::empty({shape.weights()}, weight.options());
  const float* from = read_pointer<float>(weight);
  float* to = result.data_ptr<float>();
  at::parallel_for(0, shape.in, 8,
                   [&](int64_t begin, int64_t end) { transform_weights(shape, from, turned, to, begin, end); });
  return result;
}

void convolve(const WinogradShape& shape, const at::Tensor& x, const at::Tensor& weights,
              const WinogradEpilogue& epilogue, at::Tensor& y) {
  const float *from = read_pointer<float>(x), *factors = read_pointer<float>(weights);
  float* to = y.data_ptr<float>();
  at::parallel_for(0, shape.blocks(), 1, [&](int64_t begin, int64_t end) {
    at::Tensor workspace = at::empty({shape.workspace()}, x.options());
    convolve_blocks(shape, from, factors, epilogue, to, begin, end, workspace.data_ptr<float>());
  });
}

/// ∂L/∂W [out, in, 3, 3]. Each thread sums its blocks, then the threads' sums are added.
at::Tensor weight_gradient(const WinogradShape& shape, const at::Tensor& x, const at::Tensor& gradient) {
  const int64_t threads = std::min<int64_t>(at::get_num_threads(), shape.blocks());
  at::Tensor sums = at::zeros({threads, shape.weights()}, x.options());
  const float *from = read_pointer<float>(x), *of_outputs = read_pointer<float>(gradient);
  float* to = sums.data_ptr<float>();
  at::parallel_for(0, threads, 1, [&](int64_t first, int64_t last) {
    at::Tensor workspace = at::empty({shape.workspace()}, x.options());
    for (int64_t i = first; i < last; ++i)
      add_weight_gradient(shape, from, of_outputs, shape.blocks() * i / threads, shape.blocks() * (i + 1) / threads,
                          workspace.data_ptr<float>(), to + i * shape.weights());
  });
  for (int64_t i = 1; i < threads; ++i) sums[0].add_(sums[i]);
  at::Tensor result = at::empty({shape.out, shape.in, 3, 3}, x.options());
  float* values = result.data_ptr<float>();
  at::parallel_for(0, shape.in, 8,
                   [&](int64_t begin, int64_t end) { finish_weight_gradient(shape, to, values, begin, end); });
  return result;
}

class WinogradConvolution : public torch::autograd::Function<WinogradConvolution> {
 public:
  /// `bias`: [0] for none, since autograd takes no undefined tensors.
  static at::Tensor forward(AutogradContext* context, const at::Tensor& image, const at::Tensor& weight,
                            const at::Tensor& bias) {
    const at::Tensor x = as_image(image);
    const WinogradShape shape = shape_of(x, weight.size(1), weight.size(0));
    at::Tensor y = empty_image(x, shape.out);
    convolve(shape, x, transformed(shape, weight, /*turned=*/false),
             {.bias = bias.numel() > 0 ? read_pointer<float>(bias) : nullptr}, y);
    context->save_for_backward({x, weight});
    context->saved_data["bias"] = bias.numel() > 0;
    context->saved_data["needs_x"] = image.requires_grad();
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const at::Tensor gradient = as_image(gradients[0]);
    at::Tensor of_x;
    if (context->saved_data["needs_x"].toBool()) {
      const WinogradShape back = shape_of(x, weight.size(0), weight.size(1));
      of_x = empty_image(x, back.out);
      convolve(back, gradient, transformed(back, weight, /*turned=*/true), {}, of_x);
    }
    const at::Tensor of_bias = context->saved_data["bias"].toBool() ? gradient.sum({0, 2, 3}) : at::Tensor();
    return {of_x, weight_gradient(shape_of(x, weight.size(1), weight.size(0)), x, gradient), of_bias};
  }
};

/// The convolution as a product over all pixels.
at::Tensor multiply_pixels(const Convolution& op, const at::Tensor& image, const at::Tensor& weight,
                           const at::Tensor& bias, const at::Tensor& rounded_weight) {
  const at::Tensor x = as_image(image).permute({0, 2, 3, 1});
  const at::Tensor y = fused_linear(x.reshape({-1, op.in}), weight.reshape({op.out, op.in}), bias, {},
                                    rounded_weight.reshape({op.out, op.in}));
  return y.reshape({x.size(0), x.size(1), x.size(2), op.out}).permute({0, 3, 1, 2});
}

}  // namespace

bool is_cpu_image(const at::Tensor& x) {
  return x.is_cpu() && x.scalar_type() == at::kFloat && x.dim() == 4 && x.numel() > 0;
}

bool is_winograd(const Convolution& op) {
  return op.kernel == 3 && op.stride == 1 && op.padding == 1 && op.groups == 1 && op.in % 16 == 0 && op.out % 16 == 0;
}

bool worth_bfloat16(const Convolution& op) {
  constexpr int64_t kFewest = 64;  // channels; with fewer, rounding the factors costs what the product gains
  return op.kernel == 1 && op.stride == 1 && op.padding == 0 && op.groups == 1 && std::min(op.in, op.out) >= kFewest;
}

at::Tensor fused_convolution(const Convolution& op, const at::Tensor& x, const at::Tensor& weight,
                             const at::Tensor& bias, const at::Tensor& rounded_weight) {
  if (rounded_weight.defined()) return multiply_pixels(op, x, weight, bias, rounded_weight);
  if (!is_winograd(op)) return at::conv2d(as_image(x), weight, bias, op.stride, op.padding, 1, op.groups);
  return WinogradConvolution::apply(x, weight, bias.defined() ? bias : at::empty({0}, x.options()));
}

at::Tensor prepare_winograd(const Convolution& op, const at::Tensor& weight) {
  return transformed({.in = op.in, .out = op.out}, weight.detach().contiguous(), /*turned=*/false);
}

at::Tensor convolve_without_gradient(const Convolution& op, const at::Tensor& image, const at::Tensor& weight,
                                     const at::Tensor& bias, const at::Tensor& added, Rectifier rectifier,
                                     const at::Tensor& prepared) {
  const at::Tensor x = as_image(image);
  if (is_winograd(op)) {
    const at::Tensor shortcut = added.defined() ? as_image(added) : added;
    at::Tensor y = empty_image(x, op.out);
    convolve(shape_of(x, op.in, op.out), x, prepared.defined() ? prepared : prepare_winograd(op, weight),
             {pointer_or_null(bias), pointer_or_null(shortcut), rectifier}, y);
    return y;
  }
  at::Tensor y = prepared.defined() ? multiply_pixels(op, x, weight, bias, prepared)
                                    : at::conv2d(x, weight, bias, op.stride, op.padding, 1, op.groups);
  if (added.defined()) y.add_(added);
  if (!rectifier.on) return y;
  if (rectifier.slope != 0)
    at::leaky_relu_(y, rectifier.slope);
  else
    y.relu_();
  return std::isinf(rectifier.most) ? y : y.clamp_max_(rectifier.most);
}

}  // namespace limbeck
