#pragma once
// Convolutions on the CPU over images that lie in memory as [N, H, W, C] (LibTorch's channels_last): 3×3 kernels with
// stride 1 by Winograd's method (winograd.h), kernels of one pixel as products of bfloat16 where that is wanted, the
// others by LibTorch. run_operation is the oracle.

#include <ATen/core/Tensor.h>

#include "kernels/operation.h"
#include "kernels/rectifier.h"

namespace limbeck {

/// True for float32 images [N, C, H, W] on the CPU.
bool is_cpu_image(const at::Tensor& x);
/// True where the convolution is computed by Winograd's method: 3×3, stride 1, one group, channels in sixteens.
bool is_winograd(const Convolution& op);

/// True where the convolution is one product, [N·H·W, in] with the weight, that gains more from bfloat16 than rounding
/// costs.
bool worth_bfloat16(const Convolution& op);

/// x [N, in, H, W], weight and bias (or undefined) as the operation has them → [N, out, H', W'], channels_last. With
/// `rounded_weight`, the weight as bfloat16 where that is worth it, products are made from rounded factors as in
/// fused_linear.
at::Tensor fused_convolution(const Convolution& op, const at::Tensor& x, const at::Tensor& weight,
                             const at::Tensor& bias, const at::Tensor& rounded_weight = {});

/// The weight in the form in which Winograd's method multiplies it, for a network that does not change.
at::Tensor prepare_winograd(const Convolution& op, const at::Tensor& weight);

/// Without gradient: rectified(convolution + bias + added), `added` [N, out, H', W'] or undefined; `prepared` as
/// prepare_winograd gives it, or the rounded weight of one that is worth it, or undefined.
at::Tensor convolve_without_gradient(const Convolution& op, const at::Tensor& x, const at::Tensor& weight,
                                     const at::Tensor& bias, const at::Tensor& added, Rectifier rectifier,
                                     const at::Tensor& prepared);

}  // namespace limbeck
