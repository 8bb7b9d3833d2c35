#pragma once
// Values rounded to what a byte holds, as float32 with a gradient. quantization.h says where a network rounds.
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace limbeck {

/// Largest absolute value of a weight's byte. Seven bits: processors without VNNI add pairs of products of bytes in 16
/// bits, which eight bits overflow.
constexpr int64_t kWeightLevels = 63;

/// Of weights and of activations; a channel of zeros has this one.
constexpr double kSmallestScale = 1e-9;

/// s_c, [outputs], of a weight [outputs, …]; above 0.
at::Tensor weight_scales(const at::Tensor& weight);
/// The weight with each value rounded to its channel's multiples; the gradient is that of the weight.
at::Tensor rounded_weight(const at::Tensor& weight);
/// See Quantize; scale and zero point [1].
at::Tensor rounded_activation(const at::Tensor& value, const at::Tensor& scale, const at::Tensor& zero_point);

/// Scale and zero point of a byte that is to hold `values`: the range, of those from the whole down to half of it, that
/// loses least in squares. Zero is always held exactly.
struct ByteRange {
  double scale = 1;
  int64_t zero_point = 0;
};
ByteRange best_range(const at::Tensor& values);

}  // namespace limbeck
