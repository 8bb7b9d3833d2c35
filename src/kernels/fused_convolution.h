#pragma once
// CPU convolutions in channels_last layout [N, H, W, C]: Winograd's method (winograd.h) for 3×3 kernels with stride 1,
// bfloat16 matrix products for 1×1 kernels if requested, patches (direct_convolution.h), LibTorch for the rest. Results
// of the first and the third do not depend on the number of threads. run_operation is the reference.

#include <ATen/core/Tensor.h>

#include "kernels/rectifier.h"
#include "limbeck/operation.h"

namespace limbeck {

/// Whether x is a float32 image batch [N, C, H, W] on the CPU.
bool is_cpu_image(const at::Tensor& x);
/// Whether the convolution uses Winograd's method: 3×3, stride 1, one group, channels in multiples of 16.
bool is_winograd(const Convolution& op);
/// Whether the convolution is computed as a product over patches (direct_convolution.h): one group, channels out in
/// multiples of 16, not by Winograd's method.
bool multiplies_patches(const Convolution& op);

/// Whether the convolution is a single matrix product, [N·H·W, in] with the weight, for which the speedup of bfloat16
/// exceeds the cost of rounding.
bool worth_bfloat16(const Convolution& op);

/// x [N, in, H, W], weight and bias (or undefined) as defined by the operation → [N, out, H', W'], channels_last. With
/// `rounded_weight`, the weight as bfloat16 if worth_bfloat16(), products use rounded factors as in fused_linear.
at::Tensor fused_convolution(const Convolution& op, const at::Tensor& x, const at::Tensor& weight,
                             const at::Tensor& bias, const at::Tensor& rounded_weight = {});

/// Returns the weight transformed for Winograd's method, for networks whose weights do not change.
at::Tensor prepare_winograd(const Convolution& op, const at::Tensor& weight);

/// Computes, without gradient, rectified(convolution + bias + added), `added` [N, out, H', W'] or undefined.
/// `prepared`: result of prepare_winograd, the weight as bfloat16 if worth_bfloat16(), or undefined.
at::Tensor convolve_without_gradient(const Convolution& op, const at::Tensor& x, const at::Tensor& weight,
                                     const at::Tensor& bias, const at::Tensor& added, Rectifier rectifier,
                                     const at::Tensor& prepared);

}  // namespace limbeck
