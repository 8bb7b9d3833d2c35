#pragma once
// Where the patches of a convolution by the definition lie: a few rows of an image's output at a time are computed
// from rows of its input, which are copied to the cache where they are padded. Images are in [N, H, W, C] layout.
#include <algorithm>
#include <array>
#include <cstdint>

#include "kernels/packed_products.h"
#include "kernels/winograd.h"

namespace limbeck {

struct PatchShape {
  int64_t images = 0;
  int64_t height = 0;  ///< of the inputs
  int64_t width = 0;
  int64_t in = 0;
  int64_t out = 0;  ///< a multiple of 16
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t padding = 0;
  bool wide = has_wide_vectors();  ///< vectors of 16 floats, else of 8; slow but correct if the processor lacks them

  int64_t out_height() const { return (height + 2 * padding - kernel) / stride + 1; }
  int64_t out_width() const { return (width + 2 * padding - kernel) / stride + 1; }
  /// Rows of an image's output that are computed together: whole tiles of pixels, and not many rows of the input read
  /// twice.
  int64_t rows() const {
    constexpr int64_t kFewestPixels = 96, kWhole = 3;
    const int64_t wanted = (kFewestPixels + out_width() - 1) / out_width();
    return std::min((wanted + kWhole - 1) / kWhole * kWhole, out_height());
  }
  int64_t blocks_of_image() const { return (out_height() + rows() - 1) / rows(); }
  int64_t blocks() const { return images * blocks_of_image(); }
  /// Numbers in the rows of the input that a block needs, with padding.
  int64_t padded() const { return ((rows() - 1) * stride + kernel) * (width + 2 * padding) * in; }
};

/// Some rows of an image's output, and the rows of its input that they need.
template <class T>
struct PatchBlock {
  int64_t image, first, count;  ///< of the output's rows
  const T* input;               ///< padded
  int64_t pitch;                ///< numbers from one row of the input to the next
};

/// Copies the rows of the input to `workspace`, padded(), if they are padded, with `outside`.
template <class T>
LIMBECK_INLINE PatchBlock<T> block_at(const PatchShape& shape, const T* x, int64_t block, T outside, T* workspace) {
  const int64_t of_image = shape.blocks_of_image(), first = block % of_image * shape.rows();
  PatchBlock<T> result{.image = block / of_image,
                       .first = first,
                       .count = std::min(shape.rows(), shape.out_height() - first),
                       .input = workspace,
                       .pitch = (shape.width + 2 * shape.padding) * shape.in};
  const int64_t row = shape.width * shape.in, side = shape.padding * shape.in;
  const int64_t y = first * shape.stride - shape.padding;
  const T* image = x + result.image * shape.height * row;
  if (shape.padding == 0) {
    result.input = image + y * row;
    return result;
  }
  for (int64_t i = 0; i < (result.count - 1) * shape.stride + shape.kernel; ++i) {
    T* to = workspace + i * result.pitch;
    if (y + i < 0 || y + i >= shape.height) {
      std::fill_n(to, result.pitch, outside);
      continue;
    }
    std::fill_n(to, side, outside);
    std::copy_n(image + (y + i) * row, row, to + side);
    std::fill_n(to + side + row, side, outside);
  }
  return result;
}

/// An output pixel of a block, and where its patch begins in the input.
class PatchPlace {
 public:
  PatchPlace(const PatchShape& shape, int64_t pitch)
      : step_(shape.stride * shape.in), row_step_(shape.stride * pitch), last_(shape.out_width() - 1) {}
  int64_t offset() const { return row_ + x_ * step_; }
  LIMBECK_INLINE void next() {
    if (x_ < last_) {
      ++x_;
    } else {
      x_ = 0;
      row_ += row_step_;
    }
  }

 private:
  int64_t step_, row_step_, last_, row_ = 0, x_ = 0;
};

/// Calls use(places, count, to) for tiles of Rows pixels of a block, of which `count` are there: where their patches
/// begin in the input, and where the first one's output stands.
template <int64_t Rows, class T, class Use>
LIMBECK_INLINE void over_tiles(const PatchShape& shape, const PatchBlock<T>& block, const Use& use) {
  const int64_t pixels = block.count * shape.out_width();
  int64_t to = (block.image * shape.out_height() + block.first) * shape.out_width() * shape.out;
  PatchPlace place(shape, block.pitch);
  std::array<int64_t, Rows> places{};
  for (int64_t first = 0; first < pixels; first += Rows, to += Rows * shape.out) {
    const int64_t count = std::min(Rows, pixels - first);
    for (int64_t row = 0; row < count; ++row) {
      places[row] = place.offset();
      place.next();
    }
    use(places, count, to);
  }
}

}  // namespace limbeck
