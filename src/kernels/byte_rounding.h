#pragma once
// Simulated int8 quantization (fake quantization): rounds values to the 8-bit grid, as float32, with a straight-through
// gradient. quantization.h defines where a network quantizes.
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace limbeck {

/// Largest absolute value of a quantized weight. Seven bits: processors without VNNI add pairs of int8 products in 16
/// bits, which overflows with eight bits.
constexpr int64_t kWeightLevels = 63;

/// The smallest scale of weights and activations; that of a channel of zeros.
constexpr double kSmallestScale = 1e-9;

/// Returns the scales s_c > 0, [outputs], of a weight [outputs, …].
at::Tensor weight_scales(const at::Tensor& weight);
/// Rounds each value of the weight to a multiple of its channel's scale. Straight-through gradient.
at::Tensor round_weight(const at::Tensor& weight);
/// Rounds a value like a Quantize node; scale and zero point [1]. The gradient passes where the value is in range.
at::Tensor round_activation(const at::Tensor& value, const at::Tensor& scale, const at::Tensor& zero_point);

/// Scale and zero point of the 8-bit range for `values` with the smallest squared error, among ranges from the full
/// range down to half of it. Zero is represented exactly.
struct ByteRange {
  double scale = 1;
  int64_t zero_point = 0;
};
ByteRange best_range(const at::Tensor& values);

}  // namespace limbeck
