#include "data/images/windows.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "core/error.h"

namespace limbeck {
namespace {

/// Which of n pixels stands at place i of the padded row; −1: none.
int64_t source_of(int64_t i, int64_t n, Fill fill) {
  if (i >= 0 && i < n) return i;
  switch (fill) {
    case Fill::zero:
      return -1;
    case Fill::edge:
      return i < 0 ? 0 : n - 1;
    case Fill::reflect:
      return i < 0 ? -i : 2 * (n - 1) - i;
  }
  return -1;
}

/// One plane, row by row.
void copy_window(const uint8_t* from, uint8_t* to, int64_t height, int64_t width, int64_t down, int64_t right,
                 Fill fill) {
  const int64_t first = std::clamp<int64_t>(-right, 0, width), count = std::max<int64_t>(width - std::abs(right), 0);
  for (int64_t y = 0; y < height; ++y, to += width) {
    const int64_t row = source_of(y + down, height, fill);
    if (row < 0) {
      std::memset(to, 0, static_cast<size_t>(width));
      continue;
    }
    const uint8_t* pixels = from + row * width;
    const auto fill_in = [&](int64_t begin, int64_t end) {
      for (int64_t x = begin; x < end; ++x) {
        const int64_t column = source_of(x + right, width, fill);
        to[x] = column < 0 ? uint8_t{0} : pixels[column];
      }
    };
    fill_in(0, first);
    if (count > 0) std::memcpy(to + first, pixels + first + right, static_cast<size_t>(count));
    fill_in(first + count, width);
  }
}

at::Tensor windows_of_bytes(const at::Tensor& images, const at::Tensor& views, const Padding& padding) {
  const int64_t planes = images.size(1), height = images.size(2), width = images.size(3);
  at::Tensor windows = at::empty_like(images);
  const auto* view = views.data_ptr<int64_t>();
  const auto* from = images.data_ptr<uint8_t>();
  auto* to = windows.data_ptr<uint8_t>();
  at::parallel_for(0, images.size(0), 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t down = view[i] / padding.side() - padding.padding,
                    right = view[i] % padding.side() - padding.padding;
      for (int64_t plane = i * planes; plane < (i + 1) * planes; ++plane) {
        const int64_t at = plane * height * width;
        copy_window(from + at, to + at, height, width, down, right, padding.fill);
      }
    }
  });
  return windows;
}

/// Images padded along one dimension by pixels of their own.
at::Tensor padded_by_own(const at::Tensor& images, int64_t dimension, const Padding& padding) {
  const int64_t last = images.size(dimension) - 1, p = padding.padding;
  const at::Tensor places = at::arange(-p, last + 1 + p, at::TensorOptions(at::kLong).device(images.device()));
  const bool edge = padding.fill == Fill::edge;
  return images.index_select(dimension, edge ? places.clamp(0, last) : last - (last - places.abs()).abs());
}

at::Tensor padded(const at::Tensor& images, const Padding& padding) {
  const int64_t p = padding.padding;
  if (padding.fill == Fill::zero) return at::constant_pad_nd(images, {p, p, p, p});
  return padded_by_own(padded_by_own(images, 2, padding), 3, padding);
}

/// The numbers of PictureViews::fill.
int64_t number_of(Fill fill) {
  switch (fill) {
    case Fill::zero:
      return 0;
    case Fill::edge:
      return 1;
    case Fill::reflect:
      return 2;
  }
  return 0;
}

void require_reflection(int64_t height, int64_t width, const Padding& padding) {
  if (padding.fill == Fill::reflect && padding.padding >= std::min(height, width))
    throw Error(ErrorKind::usage,
                fmt::format("images of {}x{} pixels cannot be reflected {} pixels far; expected a padding of at "
                            "most {}",
                            height, width, padding.padding, std::min(height, width) - 1));
}

}  // namespace

bool RandomWindow::add_to(PictureViews& how) const {
  if (how.padding > 0 || how.horizontal || how.vertical) return false;  // windows come first
  how.padding = padding_.padding;
  how.fill = number_of(padding_.fill);
  return true;
}

at::Tensor windows_of(const at::Tensor& images, const at::Tensor& views, const Padding& padding) {
  const int64_t height = images.size(2), width = images.size(3);
  require_reflection(height, width, padding);
  if (images.is_cpu() && images.scalar_type() == at::kByte)
    return windows_of_bytes(images.contiguous(), views.contiguous(), padding);
  // windows [N, C, side, side, H, W] shares the padded image's memory: the window at (y, x) starts at that pixel.
  const at::Tensor windows = padded(images, padding).unfold(2, height, 1).unfold(3, width, 1);
  const at::Tensor rows = at::arange(images.size(0), views.options());
  const int64_t side = padding.side();
  return windows.permute({0, 2, 3, 1, 4, 5}).index({rows, views.div(side, "floor"), views.remainder(side)});
}

}  // namespace limbeck
