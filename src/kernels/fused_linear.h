#pragma once
// Fused linear → ReLU → dropout on the CPU. Matrix products use oneDNN, which selects the widest instructions at run
// time; bias, ReLU and dropout are applied in one pass while the product is in the cache. The backward pass needs only
// the output: after ReLU and dropout, an element is positive exactly where its gradient passes.

#include <ATen/core/Tensor.h>

#include "kernels/noise.h"
#include "limbeck/operation.h"

namespace limbeck {

enum class Activation { none, relu };

/// The operations after the product.
struct Epilogue {
  Activation activation = Activation::none;
  const Dropout* dropout = nullptr;  ///< only after ReLU; needs noise
  const Noise* noise = nullptr;
};

/// Whether the fused operation is available: float32 on the CPU, [N, in], built with oneDNN.
bool can_fuse_linear(const at::Tensor& x, const at::Tensor& weight);

/// Whether the speedup of bfloat16 for a product with this weight [out, in] exceeds the cost of rounding.
bool worth_bfloat16(const at::Tensor& weight);

/// x [N, in], weight [out, in], bias [out] or undefined → [N, out]. With `rounded_weight`, the weight as bfloat16,
/// products of the forward and backward pass use factors rounded to bfloat16 and accumulate in float32.
at::Tensor fused_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const Epilogue& epilogue,
                        const at::Tensor& rounded_weight = {});

}  // namespace limbeck
