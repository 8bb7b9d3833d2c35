#include "kernels/byte_rounding.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/fake_quantize_per_channel_affine.h>
#include <ATen/ops/fake_quantize_per_tensor_affine.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace limbeck {
namespace {

constexpr int64_t kByteLevels = 255;

ByteRange range_between(double low, double high) {
  low = std::min(low, 0.0);
  high = std::max(high, 0.0);
  const double scale = std::max((high - low) / static_cast<double>(kByteLevels), kSmallestScale);
  return {scale, std::clamp<int64_t>(std::llround(-low / scale), 0, kByteLevels)};
}

at::Tensor rounded(const at::Tensor& value, const ByteRange& range) {
  return at::fake_quantize_per_tensor_affine(value, range.scale, range.zero_point, 0, kByteLevels);
}

}  // namespace

at::Tensor weight_scales(const at::Tensor& weight) {
  return (weight.detach().abs().flatten(1).amax(1) / static_cast<double>(kWeightLevels)).clamp_min(kSmallestScale);
}

at::Tensor round_weight(const at::Tensor& weight) {
  const at::Tensor scales = weight_scales(weight);
  return at::fake_quantize_per_channel_affine(weight, scales, at::zeros_like(scales, at::kInt), 0, -kWeightLevels,
                                              kWeightLevels);
}

at::Tensor round_activation(const at::Tensor& value, const at::Tensor& scale, const at::Tensor& zero_point) {
  return at::fake_quantize_per_tensor_affine(value, scale, zero_point.to(at::kInt), 0, kByteLevels);
}

ByteRange best_range(const at::Tensor& values) {
  constexpr int64_t kSteps = 20;  // of the range, down to half of it
  if (!values.isfinite().all().item<bool>()) throw Error("an activation is not finite: it has no range");
  const double low = values.min().item<double>(), high = values.max().item<double>();
  ByteRange best;
  double least = INFINITY;
  for (int64_t step = 0; step <= kSteps; ++step) {
    const double part = 1 - 0.5 * static_cast<double>(step) / kSteps;
    const ByteRange range = range_between(part * low, part * high);
    const double lost = (rounded(values, range) - values).to(at::kDouble).square().sum().item<double>();
    if (!(lost < least)) continue;
    least = lost;
    best = range;
  }
  return best;
}

}  // namespace limbeck
