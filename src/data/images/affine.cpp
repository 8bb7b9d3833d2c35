#include "data/images/affine.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/grid_sampler.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

#include "data/images/resample_bytes.h"

namespace limbeck {
namespace {

/// The translation in pixels.
AffineMatrix in_pixels(AffineMatrix matrix, int64_t height, int64_t width) {
  matrix[2] *= static_cast<double>(height);
  matrix[5] *= static_cast<double>(width);
  return matrix;
}

AffineMatrix product(const AffineMatrix& a, const AffineMatrix& b) {
  return {a[0] * b[0] + a[1] * b[3], a[0] * b[1] + a[1] * b[4], a[0] * b[2] + a[1] * b[5] + a[2],
          a[3] * b[0] + a[4] * b[3], a[3] * b[1] + a[4] * b[4], a[3] * b[2] + a[4] * b[5] + a[5]};
}

/// [levels, 3, 3] float64, the translation in pixels.
at::Tensor table_of(const AffineLevels& levels, int64_t height, int64_t width) {
  std::vector<double> values;
  for (const AffineMatrix& level : levels) {
    const AffineMatrix matrix = in_pixels(level, height, width);
    values.insert(values.end(), matrix.begin(), matrix.end());
    values.insert(values.end(), {0, 0, 1});
  }
  return at::tensor(values, at::kDouble).reshape({-1, 3, 3});
}

/// 0, …, n − 1 less their mean.
at::Tensor centred(int64_t n, const at::TensorOptions& options) {
  return at::arange(n, options) - static_cast<double>(n - 1) / 2;
}

}  // namespace

void bind_affine_fill(Fields& fields, Fill& fill) {
  fields.choice<Fill>(
      "fill", fill, {{"edge", Fill::edge}, {"zero", Fill::zero}},
      "what is beyond the border: the nearest pixel, or black; neighbours of the same fill are resampled once");
}

int64_t Affine::view_count() const {
  int64_t count = 1;
  for (const AffineLevels& levels : parameters_) count *= static_cast<int64_t>(levels.size());
  return count;
}

void Affine::append(const Affine& next) {
  parameters_.insert(parameters_.end(), next.parameters_.begin(), next.parameters_.end());
  tables_ = {};
}

at::Tensor Affine::apply(const at::Tensor& images, const at::Tensor& views) const {
  if (images.is_cpu() && images.scalar_type() == at::kByte)
    return resample_bytes(images.contiguous(), views.contiguous());
  return resample(images, views);
}

AffineMatrix Affine::matrix(int64_t view, int64_t height, int64_t width) const {
  AffineMatrix whole = {1, 0, 0, 0, 1, 0};
  for (const AffineLevels& levels : parameters_) {
    const auto count = static_cast<int64_t>(levels.size());
    whole = product(whole, in_pixels(levels[static_cast<size_t>(view % count)], height, width));
    view /= count;
  }
  return whole;
}

const std::vector<at::Tensor>& Affine::tables_on(at::Device device, int64_t height, int64_t width) const {
  if (tables_.of.empty() || tables_.device != device || tables_.height != height || tables_.width != width) {
    tables_ = {.of = {}, .device = device, .height = height, .width = width};
    for (const AffineLevels& levels : parameters_) tables_.of.push_back(table_of(levels, height, width).to(device));
  }
  return tables_.of;
}

at::Tensor Affine::matrices(const at::Tensor& views, int64_t height, int64_t width) const {
  at::Tensor rest = views, whole;
  for (const at::Tensor& table : tables_on(views.device(), height, width)) {
    const int64_t count = table.size(0);
    const at::Tensor own = table.index_select(0, rest.remainder(count));
    whole = whole.defined() ? whole.matmul(own) : own;
    rest = rest.div(count, "floor");
  }
  return whole.to(at::kFloat);  // [N, 3, 3]
}

at::Tensor Affine::resample(const at::Tensor& images, const at::Tensor& views) const {
  const int64_t height = images.size(2), width = images.size(3);
  const at::Tensor m = matrices(views, height, width).unsqueeze(3).unsqueeze(4);  // [N, 3, 3, 1, 1]
  const at::TensorOptions options = m.options();
  const at::Tensor y = centred(height, options).unsqueeze(1), x = centred(width, options);  // [H, 1], [W]
  const auto source = [&](int64_t row, int64_t size) {  // [N, H, W] in {−1, …, 1}
    const at::Tensor r = m.select(1, row);
    return (r.select(1, 0) * y + r.select(1, 1) * x + r.select(1, 2)) * (2.0 / static_cast<double>(size));
  };
  const at::Tensor grid = at::stack({source(1, width), source(0, height)}, 3);
  const bool half = images.scalar_type() == at::kHalf || images.scalar_type() == at::kBFloat16;
  const bool floats = images.is_floating_point();
  const at::Tensor pixels = floats && !half ? images : images.to(at::kFloat);
  constexpr int64_t kBilinear = 0, kZeros = 0, kBorder = 1;
  const at::Tensor taken = at::grid_sampler(pixels, grid.to(pixels.scalar_type()), kBilinear,
                                            fill_ == Fill::zero ? kZeros : kBorder, /*align_corners=*/false);
  return (floats ? taken : (taken + 0.5).floor()).to(images.scalar_type());
}

at::Tensor Affine::resample_bytes(const at::Tensor& images, const at::Tensor& views) const {
  const int64_t channels = images.size(1), height = images.size(2), width = images.size(3),
                bytes = channels * height * width;
  at::Tensor taken = at::empty_like(images);
  const auto* view = views.data_ptr<int64_t>();
  const auto* from = images.data_ptr<uint8_t>();
  auto* to = taken.data_ptr<uint8_t>();
  constexpr int64_t kBytesPerTask = 1 << 16;
  at::parallel_for(0, images.size(0), std::max<int64_t>(kBytesPerTask / bytes, 1), [&](int64_t begin, int64_t end) {
    ByteResampler resampler({channels, height, width}, fill_);
    for (int64_t i = begin; i < end; ++i)
      resampler.resample(from + i * bytes, matrix(view[i], height, width), to + i * bytes);
  });
  return taken;
}

}  // namespace limbeck
