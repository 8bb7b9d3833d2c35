#pragma once
// linear → ReLU → dropout as one operation on the CPU. The matrix products go to oneDNN, which finds the processor's
// widest instructions by itself; bias, ReLU and dropout are one pass over the product while it is in the cache; the
// backward pass needs the output alone, since after ReLU and dropout an element is above 0 exactly where its gradient
// passes.

#include <ATen/core/Tensor.h>

#include "kernels/noise.h"
#include "kernels/operation.h"

namespace limbeck {

enum class Activation { none, relu };

/// What follows the product.
struct Epilogue {
  Activation activation = Activation::none;
  const Dropout* dropout = nullptr;  ///< only after ReLU; needs noise
  const Noise* noise = nullptr;
};

/// True where the fused operation can be used: float32 on the CPU, [N, in], and oneDNN was there at build time.
bool can_fuse_linear(const at::Tensor& x, const at::Tensor& weight);

/// True where a product with this weight [out, in] gains more from bfloat16 than rounding costs.
bool worth_bfloat16(const at::Tensor& weight);

/// x [N, in], weight [out, in], bias [out] or undefined → [N, out]. With `rounded_weight`, the weight as bfloat16, the
/// products of this and of the backward pass are made from factors rounded to bfloat16 and added up in float32.
at::Tensor fused_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const Epilogue& epilogue,
                        const at::Tensor& rounded_weight = {});

}  // namespace limbeck
