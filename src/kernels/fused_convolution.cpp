#include "kernels/fused_convolution.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/leaky_relu.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "device/autograd_function.h"
#include "kernels/direct_convolution.h"
#include "kernels/fused_linear.h"
#include "kernels/pieces.h"
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

/// Floats for a piece's intermediate values, the same for all pieces of a thread: they stay in its cache.
float* workspace_of(int64_t floats) {
  thread_local std::vector<float> kept;
  if (kept.size() < static_cast<size_t>(floats)) kept.resize(static_cast<size_t>(floats));
  return kept.data();
}

constexpr int64_t kChannelsAtOnce = 16;  // whose weights are transformed in one piece

at::Tensor transformed(const WinogradShape& shape, const at::Tensor& weight, bool turned) {
  at::Tensor result = at::empty({shape.weights()}, weight.options());
  const float* from = read_pointer<float>(weight);
  float* to = result.data_ptr<float>();
  for_each_range(shape.in, kChannelsAtOnce,
                 [&](int64_t begin, int64_t end) { transform_weights(shape, from, turned, to, begin, end); });
  return result;
}

void convolve(const WinogradShape& shape, const at::Tensor& x, const at::Tensor& weights,
              const WinogradEpilogue& epilogue, at::Tensor& y) {
  const float *from = read_pointer<float>(x), *factors = read_pointer<float>(weights);
  float* to = y.data_ptr<float>();
  for_each_piece(shape.blocks(), [&](int64_t block) {
    convolve_blocks(shape, from, factors, epilogue, to, block, block + 1, workspace_of(shape.workspace()));
  });
}

/// Into how many sums a gradient of so many weights is summed: what is added up in which order depends on the shape
/// alone.
int64_t partial_sums(int64_t blocks, int64_t weights) {
  constexpr int64_t kFloats = 1 << 19, kFewest = 4, kMost = 8;  // so much memory, if that gives enough
  return std::min(blocks, std::clamp(kFloats / weights, kFewest, kMost));
}

/// Sums of weight gradients, [parts, weights]: each part's blocks are added to its own by `add`.
template <class Shape, class Add>
at::Tensor gradient_in_parts(const Shape& shape, const at::Tensor& x, const at::Tensor& gradient, const Add& add) {
  const int64_t parts = partial_sums(shape.blocks(), shape.weights());
  at::Tensor sums = at::empty({parts, shape.weights()}, x.options());
  const float *from = read_pointer<float>(x), *of_outputs = read_pointer<float>(gradient);
  float* to = sums.data_ptr<float>();
  for_each_piece(parts, [&](int64_t part) {
    float* own = to + part * shape.weights();
    std::fill_n(own, shape.weights(), 0.0F);
    add(shape, from, of_outputs, shape.blocks() * part / parts, shape.blocks() * (part + 1) / parts,
        workspace_of(shape.workspace()), own);
  });
  return sums;
}

/// ∂L/∂W [out, in, 3, 3].
at::Tensor weight_gradient(const WinogradShape& shape, const at::Tensor& x, const at::Tensor& gradient) {
  const at::Tensor sums = gradient_in_parts(shape, x, gradient, add_weight_gradient);
  const int64_t parts = sums.size(0);
  auto* to = sums.data_ptr<float>();
  at::Tensor result = at::empty({shape.out, shape.in, 3, 3}, x.options());
  float* values = result.data_ptr<float>();
  for_each_range(shape.in, kChannelsAtOnce,
                 [&](int64_t begin, int64_t end) { finish_weight_gradient(shape, to, parts, values, begin, end); });
  return result;
}

FloatPatches patches_of(const Convolution& op, const at::Tensor& x) {
  return {{.images = x.size(0),
           .height = x.size(2),
           .width = x.size(3),
           .in = op.in,
           .out = op.out,
           .kernel = op.kernel,
           .stride = op.stride,
           .padding = op.padding}};
}

at::Tensor packed(const FloatPatches& shape, const at::Tensor& weight, bool turned) {
  at::Tensor result = at::empty({shape.weights()}, weight.options());
  const at::Tensor plain = weight.contiguous();
  pack_patch_weights(shape, read_pointer<float>(plain), turned, result.data_ptr<float>());
  return result;
}

at::Tensor convolve(const FloatPatches& shape, const at::Tensor& x, const at::Tensor& weight,
                    const WinogradEpilogue& epilogue) {
  at::Tensor y =
      at::empty({x.size(0), shape.out, shape.out_height(), shape.out_width()}, x.options(), kConvolutionFormat);
  const at::Tensor factors = packed(shape, weight, /*turned=*/false);
  const float *from = read_pointer<float>(x), *of_weight = read_pointer<float>(factors);
  float* to = y.data_ptr<float>();
  for_each_piece(shape.blocks(), [&](int64_t block) {
    convolve_patches(shape, from, of_weight, epilogue, to, block, workspace_of(shape.workspace()));
  });
  return y;
}

/// ∂L/∂W [out, in, kernel, kernel].
at::Tensor weight_gradient(const FloatPatches& shape, const at::Tensor& x, const at::Tensor& gradient) {
  const at::Tensor sums = gradient_in_parts(shape, x, gradient, add_patch_gradient);
  const int64_t parts = sums.size(0);
  auto* to = sums.data_ptr<float>();
  at::Tensor result = at::empty({shape.out, shape.in, shape.kernel, shape.kernel}, x.options());
  finish_patch_gradient(shape, to, parts, result.data_ptr<float>());
  return result;
}

at::Tensor input_gradient(const FloatPatches& shape, const at::Tensor& x, const at::Tensor& weight,
                          const at::Tensor& gradient) {
  at::Tensor of_x = empty_image(x, shape.in);
  const at::Tensor factors = packed(shape, weight, /*turned=*/true);
  const float *of_outputs = read_pointer<float>(gradient), *turned = read_pointer<float>(factors);
  float* to = of_x.data_ptr<float>();
  for_each_piece(shape.images, [&](int64_t image) {
    patch_input_gradient(shape, of_outputs, turned, image, to, workspace_of(shape.workspace()));
  });
  return of_x;
}

/// By Winograd's method or over patches.
class ImageConvolution : public torch::autograd::Function<ImageConvolution> {
 public:
  /// `bias`: [0] for none, since autograd takes no undefined tensors.
  static at::Tensor forward(AutogradContext* context, const at::Tensor& image, const at::Tensor& weight,
                            const at::Tensor& bias, const Convolution& op) {
    const at::Tensor x = as_image(image);
    const WinogradEpilogue epilogue = {.bias = bias.numel() > 0 ? read_pointer<float>(bias) : nullptr};
    at::Tensor y;
    if (is_winograd(op)) {
      const WinogradShape shape = shape_of(x, op.in, op.out);
      y = empty_image(x, op.out);
      convolve(shape, x, transformed(shape, weight, /*turned=*/false), epilogue, y);
    } else {
      y = convolve(patches_of(op, x), x, weight, epilogue);
    }
    context->save_for_backward({x, weight});
    for (const auto& [name, value] : {std::pair{"kernel", op.kernel}, {"stride", op.stride}, {"padding", op.padding}})
      context->saved_data[name] = value;
    context->saved_data["bias"] = bias.numel() > 0;
    context->saved_data["needs_x"] = image.requires_grad();
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const Convolution op = {.in = weight.size(1),
                            .out = weight.size(0),
                            .kernel = context->saved_data["kernel"].toInt(),
                            .stride = context->saved_data["stride"].toInt(),
                            .padding = context->saved_data["padding"].toInt()};
    const at::Tensor gradient = as_image(gradients[0]);
    const bool needs_x = context->saved_data["needs_x"].toBool();
    at::Tensor of_x, of_weight;
    if (is_winograd(op)) {
      if (needs_x) {
        const WinogradShape back = shape_of(x, op.out, op.in);
        of_x = empty_image(x, op.in);
        convolve(back, gradient, transformed(back, weight, /*turned=*/true), {}, of_x);
      }
      of_weight = weight_gradient(shape_of(x, op.in, op.out), x, gradient);
    } else {
      const FloatPatches shape = patches_of(op, x);
      if (needs_x) of_x = input_gradient(shape, x, weight, gradient);
      of_weight = weight_gradient(shape, x, gradient);
    }
    const at::Tensor of_bias = context->saved_data["bias"].toBool() ? gradient.sum({0, 2, 3}) : at::Tensor();
    return {of_x, of_weight, of_bias, at::Tensor()};
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

bool multiplies_patches(const Convolution& op) {
  constexpr int64_t kLongest = 1 << 11;  // patch; with longer ones oneDNN is faster
  return !is_winograd(op) && op.groups == 1 && op.out % 16 == 0 && op.kernel * op.kernel * op.in <= kLongest;
}

bool worth_bfloat16(const Convolution& op) {
  constexpr int64_t kFewest = 64;  // channels; with fewer, rounding the factors costs what the product gains
  return op.kernel == 1 && op.stride == 1 && op.padding == 0 && op.groups == 1 && std::min(op.in, op.out) >= kFewest;
}

at::Tensor fused_convolution(const Convolution& op, const at::Tensor& x, const at::Tensor& weight,
                             const at::Tensor& bias, const at::Tensor& rounded_weight) {
  if (rounded_weight.defined()) return multiply_pixels(op, x, weight, bias, rounded_weight);
  if (!is_winograd(op) && !multiplies_patches(op))
    return at::conv2d(as_image(x), weight, bias, op.stride, op.padding, 1, op.groups);
  return ImageConvolution::apply(x, weight, bias.defined() ? bias : at::empty({0}, x.options()), op);
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
  if (!prepared.defined() && multiplies_patches(op)) {
    const at::Tensor shortcut = added.defined() ? as_image(added) : added;
    return convolve(patches_of(op, x), x, weight, {pointer_or_null(bias), pointer_or_null(shortcut), rectifier});
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
