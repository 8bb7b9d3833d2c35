#include "kernels/direct_convolution.h"

#include <algorithm>
#include <array>

#include "core/vectorize.h"
#include "kernels/packed_products.h"

// Sums of products are meant to become fused multiply-adds, which ISO mode forbids by default.
#pragma GCC optimize("fp-contract=fast")

namespace limbeck {
namespace {

constexpr int64_t kPixels = 48;  // whose gradients are multiplied together

/// Of 16 channels, how many are summed in registers together, and for a gradient, so many numbers of a patch.
template <int64_t Lanes>
constexpr int64_t kGroupsOf = Lanes == 16 ? 2 : 1;
template <int64_t Lanes>
constexpr int64_t kTakenOf = Lanes == 16 ? 8 : 4;

using Block = PatchBlock<float>;

/// The outputs of kRows pixels, of which `count` are written, in Groups · 16 channels from `column` on.
template <int64_t Lanes, int64_t Groups>
LIMBECK_INLINE void patch_tile(const FloatPatches& shape, const Block& block,
                               const std::array<int64_t, VectorsOf<Lanes>::kRows>& places, const float* packed,
                               const WinogradEpilogue& epilogue, int64_t column, int64_t count, int64_t to, float* y) {
  using Vector = typename VectorsOf<Lanes>::Vector;
  constexpr int64_t kRows = VectorsOf<Lanes>::kRows, kVectors = VectorsOf<Lanes>::kVectors * Groups;
  const auto vector_at = [](const float* at) { return reinterpret_cast<const Vector*>(at); };
  const int64_t length = shape.kernel * shape.in, next_group = kPackedColumns * shape.depth();
  Vector sums[kRows][kVectors];
#pragma GCC unroll 12
  for (int64_t row = 0; row < kRows; ++row)
#pragma GCC unroll 2
    for (int64_t v = 0; v < kVectors; ++v)
      sums[row][v] = epilogue.bias == nullptr ? Vector{} : *vector_at(epilogue.bias + column + v * Lanes);
  const float* b = packed + column * shape.depth();
  for (int64_t ky = 0; ky < shape.kernel; ++ky) {
    const float* const a = block.input + ky * block.pitch;
    for (int64_t k = 0; k < length; ++k, b += kPackedColumns) {
      Vector factors[kVectors];
#pragma GCC unroll 2
      for (int64_t v = 0; v < kVectors; ++v)
        factors[v] = *vector_at(b + v * Lanes / kPackedColumns * next_group + v * Lanes % kPackedColumns);
#pragma GCC unroll 12
      for (int64_t row = 0; row < kRows; ++row)
#pragma GCC unroll 2
        for (int64_t v = 0; v < kVectors; ++v) sums[row][v] += a[places[row] + k] * factors[v];
    }
  }
  const Rectifier rectifier = epilogue.rectifier;
  const Vector most = Vector{} + rectifier.most;
#pragma GCC unroll 12
  for (int64_t row = 0; row < kRows; ++row) {
    if (row >= count) break;
#pragma GCC unroll 2
    for (int64_t v = 0; v < kVectors; ++v) {
      const int64_t at = to + row * shape.out + column + v * Lanes;
      Vector value = sums[row][v];
      if (epilogue.added != nullptr) value += *vector_at(epilogue.added + at);
      if (rectifier.on) value = value > 0 ? (value < most ? value : most) : rectifier.slope * value;
      *reinterpret_cast<Vector*>(y + at) = value;
    }
  }
}

template <int64_t Lanes>
LIMBECK_INLINE void convolve_block(const FloatPatches& shape, const float* x, const float* packed,
                                   const WinogradEpilogue& epilogue, float* y, int64_t number, float* workspace) {
  constexpr int64_t kRows = VectorsOf<Lanes>::kRows, kGroups = kGroupsOf<Lanes>;
  const Block block = block_at(shape, x, number, 0.0F, workspace);
  over_tiles<kRows>(shape, block, [&](const auto& places, int64_t count, int64_t to) LIMBECK_FLATTEN {
    int64_t column = 0;
    for (; column + kGroups * kPackedColumns <= shape.out; column += kGroups * kPackedColumns)
      patch_tile<Lanes, kGroups>(shape, block, places, packed, epilogue, column, count, to, y);
    for (; column < shape.out; column += kPackedColumns)
      patch_tile<Lanes, 1>(shape, block, places, packed, epilogue, column, count, to, y);
  });
}

/// Where the number of a patch at `place` lies, from where the patch begins; of what fills it up: its first.
LIMBECK_INLINE int64_t offset_in_patch(const FloatPatches& shape, const Block& block, int64_t place) {
  const int64_t length = shape.kernel * shape.in, ky = place / length;
  return ky < shape.kernel ? ky * block.pitch + place % length : 0;
}

/// Adds the gradients of Groups · 16 channels from `column` on with respect to kTaken numbers of a patch from `i` on.
template <int64_t Lanes, int64_t Groups>
LIMBECK_INLINE void gradient_tile(const FloatPatches& shape, const Block& block, const float* gradient, int64_t column,
                                  int64_t i, float* sums) {
  using Vector = typename VectorsOf<Lanes>::Vector;
  constexpr int64_t kVectors = VectorsOf<Lanes>::kVectors * Groups, kTaken = kTakenOf<Lanes>;
  const int64_t across = shape.out_width(), step = shape.stride * shape.in;
  const int64_t next_group = kPackedColumns * shape.depth();
  int64_t places[kTaken];
  for (int64_t j = 0; j < kTaken; ++j) places[j] = offset_in_patch(shape, block, i + j);
  Vector own[kTaken][kVectors] = {};
  for (int64_t row = 0; row < block.count; ++row) {
    const float* patch = block.input + row * shape.stride * block.pitch;
    const float* factors = gradient + row * across * shape.out + column;
    for (int64_t pixel = 0; pixel < across; ++pixel, patch += step, factors += shape.out) {
      Vector vectors[kVectors];
#pragma GCC unroll 2
      for (int64_t v = 0; v < kVectors; ++v) vectors[v] = *reinterpret_cast<const Vector*>(factors + v * Lanes);
#pragma GCC unroll 8
      for (int64_t j = 0; j < kTaken; ++j)
#pragma GCC unroll 2
        for (int64_t v = 0; v < kVectors; ++v) own[j][v] += patch[places[j]] * vectors[v];
    }
  }
#pragma GCC unroll 8
  for (int64_t j = 0; j < kTaken; ++j)
#pragma GCC unroll 2
    for (int64_t v = 0; v < kVectors; ++v)
      *reinterpret_cast<Vector*>(sums + column * shape.depth() + (i + j) * kPackedColumns +
                                 v * Lanes / kPackedColumns * next_group + v * Lanes % kPackedColumns) += own[j][v];
}

template <int64_t Lanes>
LIMBECK_INLINE void add_block_gradients(const FloatPatches& shape, const float* x, const float* gradient, int64_t begin,
                                        int64_t end, float* workspace, float* sums) {
  constexpr int64_t kGroups = kGroupsOf<Lanes>;
  for (int64_t number = begin; number < end; ++number) {
    const Block block = block_at(shape, x, number, 0.0F, workspace);
    const float* of_block = gradient + (block.image * shape.out_height() + block.first) * shape.out_width() * shape.out;
    for (int64_t i = 0; i < shape.kernel * shape.kernel * shape.in; i += kTakenOf<Lanes>) {
      int64_t column = 0;
      for (; column + kGroups * kPackedColumns <= shape.out; column += kGroups * kPackedColumns)
        gradient_tile<Lanes, kGroups>(shape, block, of_block, column, i, sums);
      for (; column < shape.out; column += kPackedColumns)
        gradient_tile<Lanes, 1>(shape, block, of_block, column, i, sums);
    }
  }
}

/// The image's gradient in products of kPixels pixels' gradients with the turned weights, added up where the patches
/// lie.
template <int64_t Lanes>
LIMBECK_INLINE void image_gradient(const FloatPatches& shape, const float* gradient, const float* turned, int64_t image,
                                   float* of_x, float* workspace) {
  using Vector = typename VectorsOf<Lanes>::Vector;
  const int64_t size = shape.height * shape.width * shape.in, across = shape.out_width();
  const int64_t pixels = shape.out_height() * across;
  float* const patches = workspace;
  float* const factors = workspace + kPixels * shape.depth();
  std::fill_n(of_x + image * size, size, 0.0F);
  int64_t x = -shape.padding, y = -shape.padding;
  for (int64_t begin = 0; begin < pixels; begin += kPixels) {
    const int64_t count = std::min(kPixels, pixels - begin);
    const float* rows = gradient + (image * pixels + begin) * shape.out;
    if (count < kPixels) {  // a product reads whole tiles of rows
      std::copy_n(rows, count * shape.out, factors);
      std::fill(factors + count * shape.out, factors + kPixels * shape.out, 0.0F);
      rows = factors;
    }
    multiply_packed<Lanes>(rows, turned, count, shape.out, shape.depth(), patches);
    for (int64_t row = 0; row < count; ++row) {
      const int64_t first = std::max<int64_t>(-x, 0), last = std::min(shape.width - x, shape.kernel);
      const int64_t length = (last - first) * shape.in;
      for (int64_t ky = std::max<int64_t>(-y, 0); ky < std::min(shape.height - y, shape.kernel); ++ky) {
        float* to = of_x + image * size + ((y + ky) * shape.width + x + first) * shape.in;
        const float* from = patches + row * shape.depth() + (ky * shape.kernel + first) * shape.in;
        int64_t i = 0;
        for (; i + Lanes <= length; i += Lanes)
          *reinterpret_cast<Vector*>(to + i) += *reinterpret_cast<const Vector*>(from + i);
        for (; i < length; ++i) to[i] += from[i];
      }
      x += shape.stride;
      if (x + shape.padding == across * shape.stride) {
        x = -shape.padding;
        y += shape.stride;
      }
    }
  }
}

// One copy of each for each width of vectors.
LIMBECK_VECTORS_OF_8
void convolve_block_narrow(const FloatPatches& shape, const float* x, const float* packed,
                           const WinogradEpilogue& epilogue, float* y, int64_t block, float* workspace) {
  convolve_block<8>(shape, x, packed, epilogue, y, block, workspace);
}
LIMBECK_VECTORS_OF_16
void convolve_block_wide(const FloatPatches& shape, const float* x, const float* packed,
                         const WinogradEpilogue& epilogue, float* y, int64_t block, float* workspace) {
  convolve_block<16>(shape, x, packed, epilogue, y, block, workspace);
}
LIMBECK_VECTORS_OF_8
void add_block_gradients_narrow(const FloatPatches& shape, const float* x, const float* gradient, int64_t begin,
                                int64_t end, float* workspace, float* sums) {
  add_block_gradients<8>(shape, x, gradient, begin, end, workspace, sums);
}
LIMBECK_VECTORS_OF_16
void add_block_gradients_wide(const FloatPatches& shape, const float* x, const float* gradient, int64_t begin,
                              int64_t end, float* workspace, float* sums) {
  add_block_gradients<16>(shape, x, gradient, begin, end, workspace, sums);
}
LIMBECK_VECTORS_OF_8
void image_gradient_narrow(const FloatPatches& shape, const float* gradient, const float* turned, int64_t image,
                           float* of_x, float* workspace) {
  image_gradient<8>(shape, gradient, turned, image, of_x, workspace);
}
LIMBECK_VECTORS_OF_16
void image_gradient_wide(const FloatPatches& shape, const float* gradient, const float* turned, int64_t image,
                         float* of_x, float* workspace) {
  image_gradient<16>(shape, gradient, turned, image, of_x, workspace);
}

/// Where the weight of (out, place in the patch) stands among the packed ones.
int64_t packed_place(const FloatPatches& shape, bool turned, int64_t out, int64_t place) {
  const int64_t column = turned ? place : out, row = turned ? out : place, rows = turned ? shape.out : shape.depth();
  return (column / kPackedColumns * rows + row) * kPackedColumns + column % kPackedColumns;
}

}  // namespace

int64_t FloatPatches::workspace() const {
  return std::max(padded(), kPixels * (depth() + out));
}

void pack_patch_weights(const FloatPatches& shape, const float* weights, bool turned, float* packed) {
  const int64_t area = shape.kernel * shape.kernel;
  std::fill_n(packed, shape.weights(), 0.0F);
  for (int64_t out = 0; out < shape.out; ++out)
    for (int64_t in = 0; in < shape.in; ++in)
      for (int64_t i = 0; i < area; ++i)
        packed[packed_place(shape, turned, out, i * shape.in + in)] = weights[(out * shape.in + in) * area + i];
}

void convolve_patches(const FloatPatches& shape, const float* x, const float* packed, const WinogradEpilogue& epilogue,
                      float* y, int64_t block, float* workspace) {
  (shape.wide ? convolve_block_wide : convolve_block_narrow)(shape, x, packed, epilogue, y, block, workspace);
}

void add_patch_gradient(const FloatPatches& shape, const float* x, const float* gradient, int64_t begin, int64_t end,
                        float* workspace, float* sums) {
  (shape.wide ? add_block_gradients_wide : add_block_gradients_narrow)(shape, x, gradient, begin, end, workspace, sums);
}

void finish_patch_gradient(const FloatPatches& shape, const float* sums, int64_t parts, float* gradient) {
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

void patch_input_gradient(const FloatPatches& shape, const float* gradient, const float* turned, int64_t image,
                          float* of_x, float* workspace) {
  (shape.wide ? image_gradient_wide : image_gradient_narrow)(shape, gradient, turned, image, of_x, workspace);
}

}  // namespace limbeck
