#include "kernels/direct_convolution.h"

#include <algorithm>

#include "core/vectorize.h"
#include "kernels/packed_products.h"

// Sums of products are meant to become fused multiply-adds, which ISO mode forbids by default.
#pragma GCC optimize("fp-contract=fast")

namespace limbeck {
namespace {

/// Where an output pixel's patch begins: its image, and the row and column there, which may lie outside.
struct Patch {
  int64_t image, y, x;
};

LIMBECK_INLINE Patch patch_at(const PatchShape& shape, int64_t pixel) {
  const int64_t across = shape.out_width(), down = shape.out_height();
  return {pixel / (across * down), pixel / across % down * shape.stride - shape.padding,
          pixel % across * shape.stride - shape.padding};
}

/// Calls use(place in the patch, place in the image or −1, floats) for each pixel of a patch.
template <class Use>
LIMBECK_INLINE void over_patch(const PatchShape& shape, const Patch& patch, const Use& use) {
  for (int64_t ky = 0; ky < shape.kernel; ++ky)
    for (int64_t kx = 0; kx < shape.kernel; ++kx) {
      const int64_t y = patch.y + ky, x = patch.x + kx;
      const bool inside = y >= 0 && y < shape.height && x >= 0 && x < shape.width;
      use((ky * shape.kernel + kx) * shape.in,
          inside ? ((patch.image * shape.height + y) * shape.width + x) * shape.in : int64_t{-1});
    }
}

/// The patches of pixels first … first + count − 1, as rows of depth() floats.
LIMBECK_INLINE void gather(const PatchShape& shape, const float* __restrict x, int64_t first, int64_t count,
                           float* __restrict patches) {
  const int64_t depth = shape.depth(), filled = shape.kernel * shape.kernel * shape.in;
  for (int64_t row = 0; row < count; ++row) {
    float* to = patches + row * depth;
    over_patch(shape, patch_at(shape, first + row), [&](int64_t place, int64_t from) {
      if (from < 0)
        for (int64_t i = 0; i < shape.in; ++i) to[place + i] = 0;
      else
        for (int64_t i = 0; i < shape.in; ++i) to[place + i] = x[from + i];
    });
    for (int64_t i = filled; i < depth; ++i) to[i] = 0;
  }
}

LIMBECK_INLINE void finish_outputs(const PatchShape& shape, const WinogradEpilogue& epilogue, int64_t first,
                                   int64_t count, float* __restrict y) {
  const Rectifier rectifier = epilogue.rectifier;
  for (int64_t row = first; row < first + count; ++row) {
    float* at = y + row * shape.out;
    if (epilogue.bias != nullptr)
      for (int64_t c = 0; c < shape.out; ++c) at[c] += epilogue.bias[c];
    if (epilogue.added != nullptr)
      for (int64_t c = 0; c < shape.out; ++c) at[c] += epilogue.added[row * shape.out + c];
    if (rectifier.on)
      for (int64_t c = 0; c < shape.out; ++c)
        at[c] = at[c] > 0 ? (at[c] < rectifier.most ? at[c] : rectifier.most) : at[c] * rectifier.slope;
  }
}

template <int64_t Lanes>
LIMBECK_INLINE void convolve_block(const PatchShape& shape, const float* x, const float* packed,
                                   const WinogradEpilogue& epilogue, float* y, int64_t block, float* workspace) {
  constexpr int64_t kBlock = PatchShape::kBlock;
  const int64_t first = block * kBlock, count = std::min(kBlock, shape.pixels() - first);
  float* const patches = workspace;
  gather(shape, x, first, count, patches);
  if (count == kBlock) {
    multiply_packed<Lanes>(patches, packed, count, shape.depth(), shape.out, y + first * shape.out);
  } else {
    float* const products = workspace + kBlock * shape.depth();
    std::fill(patches + count * shape.depth(), products, 0.0F);
    multiply_packed<Lanes>(patches, packed, count, shape.depth(), shape.out, products);
    std::copy_n(products, count * shape.out, y + first * shape.out);
  }
  finish_outputs(shape, epilogue, first, count, y);
}

template <int64_t Lanes>
LIMBECK_INLINE void add_block_gradients(const PatchShape& shape, const float* x, const float* gradient, int64_t begin,
                                        int64_t end, float* workspace, float* sums) {
  for (int64_t block = begin; block < end; ++block) {
    const int64_t first = block * PatchShape::kBlock, count = std::min(PatchShape::kBlock, shape.pixels() - first);
    gather(shape, x, first, count, workspace);
    add_outer<Lanes>(workspace, gradient + first * shape.out, count, shape.depth(), shape.out, sums);
  }
}

template <int64_t Lanes>
LIMBECK_INLINE void image_gradient(const PatchShape& shape, const float* gradient, const float* turned, int64_t image,
                                   float* __restrict of_x, float* workspace) {
  constexpr int64_t kBlock = PatchShape::kBlock;
  const int64_t size = shape.height * shape.width * shape.in, pixels = shape.out_height() * shape.out_width();
  float* const patches = workspace;
  float* const factors = workspace + kBlock * shape.depth();
  std::fill_n(of_x + image * size, size, 0.0F);
  for (int64_t begin = 0; begin < pixels; begin += kBlock) {
    const int64_t first = image * pixels + begin, count = std::min(kBlock, pixels - begin);
    const float* rows = gradient + first * shape.out;
    if (count < kBlock) {  // a product reads whole tiles of rows
      std::copy_n(rows, count * shape.out, factors);
      std::fill(factors + count * shape.out, factors + kBlock * shape.out, 0.0F);
      rows = factors;
    }
    multiply_packed<Lanes>(rows, turned, count, shape.out, shape.depth(), patches);
    for (int64_t row = 0; row < count; ++row) {
      const float* __restrict patch = patches + row * shape.depth();
      over_patch(shape, patch_at(shape, first + row), [&](int64_t place, int64_t to) {
        if (to < 0) return;
        for (int64_t i = 0; i < shape.in; ++i) of_x[to + i] += patch[place + i];
      });
    }
  }
}

// One copy of each for each width of vectors.
LIMBECK_VECTORS_OF_8
void convolve_block_narrow(const PatchShape& shape, const float* x, const float* packed,
                           const WinogradEpilogue& epilogue, float* y, int64_t block, float* workspace) {
  convolve_block<8>(shape, x, packed, epilogue, y, block, workspace);
}
LIMBECK_VECTORS_OF_16
void convolve_block_wide(const PatchShape& shape, const float* x, const float* packed, const WinogradEpilogue& epilogue,
                         float* y, int64_t block, float* workspace) {
  convolve_block<16>(shape, x, packed, epilogue, y, block, workspace);
}
LIMBECK_VECTORS_OF_8
void add_block_gradients_narrow(const PatchShape& shape, const float* x, const float* gradient, int64_t begin,
                                int64_t end, float* workspace, float* sums) {
  add_block_gradients<8>(shape, x, gradient, begin, end, workspace, sums);
}
LIMBECK_VECTORS_OF_16
void add_block_gradients_wide(const PatchShape& shape, const float* x, const float* gradient, int64_t begin,
                              int64_t end, float* workspace, float* sums) {
  add_block_gradients<16>(shape, x, gradient, begin, end, workspace, sums);
}
LIMBECK_VECTORS_OF_8
void image_gradient_narrow(const PatchShape& shape, const float* gradient, const float* turned, int64_t image,
                           float* of_x, float* workspace) {
  image_gradient<8>(shape, gradient, turned, image, of_x, workspace);
}
LIMBECK_VECTORS_OF_16
void image_gradient_wide(const PatchShape& shape, const float* gradient, const float* turned, int64_t image,
                         float* of_x, float* workspace) {
  image_gradient<16>(shape, gradient, turned, image, of_x, workspace);
}

/// Where the weight of (out, place in the patch) stands among the packed ones.
int64_t packed_place(const PatchShape& shape, bool turned, int64_t out, int64_t place) {
  const int64_t column = turned ? place : out, row = turned ? out : place, rows = turned ? shape.out : shape.depth();
  return (column / kPackedColumns * rows + row) * kPackedColumns + column % kPackedColumns;
}

}  // namespace

void pack_patch_weights(const PatchShape& shape, const float* weights, bool turned, float* packed) {
  const int64_t area = shape.kernel * shape.kernel;
  std::fill_n(packed, shape.weights(), 0.0F);
  for (int64_t out = 0; out < shape.out; ++out)
    for (int64_t in = 0; in < shape.in; ++in)
      for (int64_t i = 0; i < area; ++i)
        packed[packed_place(shape, turned, out, i * shape.in + in)] = weights[(out * shape.in + in) * area + i];
}

void convolve_patches(const PatchShape& shape, const float* x, const float* packed, const WinogradEpilogue& epilogue,
                      float* y, int64_t block, float* workspace) {
  (shape.wide ? convolve_block_wide : convolve_block_narrow)(shape, x, packed, epilogue, y, block, workspace);
}

void add_patch_gradient(const PatchShape& shape, const float* x, const float* gradient, int64_t begin, int64_t end,
                        float* workspace, float* sums) {
  (shape.wide ? add_block_gradients_wide : add_block_gradients_narrow)(shape, x, gradient, begin, end, workspace, sums);
}

void finish_patch_gradient(const PatchShape& shape, const float* sums, int64_t parts, float* gradient) {
  const int64_t area = shape.kernel * shape.kernel;
  for (int64_t out = 0; out < shape.out; ++out)
    for (int64_t in = 0; in < shape.in; ++in)
      for (int64_t i = 0; i < area; ++i) {
        const int64_t place = packed_place(shape, /*turned=*/false, out, i * shape.in + in);
        float sum = sums[place];
        for (int64_t part = 1; part < parts; ++part) sum += sums[part * shape.weights() + place];
        gradient[(out * shape.in + in) * area + i] = sum;
      }
}

void patch_input_gradient(const PatchShape& shape, const float* gradient, const float* turned, int64_t image,
                          float* of_x, float* workspace) {
  (shape.wide ? image_gradient_wide : image_gradient_narrow)(shape, gradient, turned, image, of_x, workspace);
}

}  // namespace limbeck
