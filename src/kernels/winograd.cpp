#include "kernels/winograd.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/vectorize.h"
#include "kernels/packed_products.h"

// Sums of products are meant to become fused multiply-adds, which ISO mode forbids by default.
#pragma GCC optimize("fp-contract=fast")

namespace limbeck {
namespace {

constexpr int64_t kSide = 6, kPoints = kSide * kSide, kOutputs = 4;
constexpr int64_t kColumns = kPackedColumns;
constexpr int64_t kMostRows = kMostPackedRows;

/// Bᵀ d of six values.
template <class Vector>
LIMBECK_INLINE void transform_inputs(const Vector* d, int64_t step, Vector* to, int64_t to_step) {
  const Vector d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
  const Vector even = d4 - 4 * d2, odd = d3 - 4 * d1, near = d4 - d2, far = 2 * (d3 - d1);
  to[0] = 4 * d0 - 5 * d2 + d4;
  to[to_step] = even + odd;
  to[2 * to_step] = even - odd;
  to[3 * to_step] = near + far;
  to[4 * to_step] = near - far;
  to[5 * to_step] = 4 * d1 - 5 * d3 + d5;
}

/// Aᵀ m of six values: four.
template <class Vector>
LIMBECK_INLINE void transform_products(const Vector* m, int64_t step, Vector* to, int64_t to_step) {
  const Vector m0 = m[0], m5 = m[5 * step];
  const Vector sum1 = m[step] + m[2 * step], difference1 = m[step] - m[2 * step];
  const Vector sum2 = m[3 * step] + m[4 * step], difference2 = m[3 * step] - m[4 * step];
  to[0] = m0 + sum1 + sum2;
  to[to_step] = difference1 + 2 * difference2;
  to[2 * to_step] = sum1 + 4 * sum2;
  to[3 * to_step] = difference1 + 8 * difference2 + m5;
}

/// A y of four values: six.
template <class Vector>
LIMBECK_INLINE void transform_gradients(const Vector* y, int64_t step, Vector* to, int64_t to_step) {
  const Vector y0 = y[0], y1 = y[step], y2 = y[2 * step], y3 = y[3 * step];
  const Vector even = y0 + y2, odd = y1 + y3, even4 = y0 + 4 * y2, odd4 = 2 * y1 + 8 * y3;
  to[0] = y0;
  to[to_step] = even + odd;
  to[2 * to_step] = even - odd;
  to[3 * to_step] = even4 + odd4;
  to[4 * to_step] = even4 - odd4;
  to[5 * to_step] = y3;
}

/// Where a tile lies.
struct Tile {
  int64_t image, y, x;  ///< y, x: of its first output
};

Tile tile_at(const WinogradShape& shape, int64_t tile) {
  const int64_t across = (shape.width + 3) / 4, down = (shape.height + 3) / 4;
  return {tile / (across * down), tile / across % down * 4, tile % across * 4};
}

/// The pixels of a square in an image, each the beginning of its channels.
struct WholeSquare {
  const float* first;
  int64_t row, pixel;  ///< floats from one to the next

  LIMBECK_INLINE const float* operator()(int64_t y, int64_t x) const { return first + y * row + x * pixel; }
};

/// The same where the square sticks out: pixels outside are `zeros`, as many as there are channels.
template <int64_t Side>
struct CutSquare {
  const float* pixels[Side * Side];

  CutSquare(const float* image, int64_t height, int64_t width, int64_t channels, int64_t y0, int64_t x0,
            const float* zeros) {
    for (int64_t y = 0; y < Side; ++y)
      for (int64_t x = 0; x < Side; ++x) {
        const int64_t row = y0 + y, column = x0 + x;
        const bool inside = row >= 0 && row < height && column >= 0 && column < width;
        pixels[y * Side + x] = inside ? image + (row * width + column) * channels : zeros;
      }
  }
  LIMBECK_INLINE const float* operator()(int64_t y, int64_t x) const { return pixels[y * Side + x]; }
};

/// Calls `use` with the square of an image whose first pixel is at (y0, x0).
template <int64_t Side, class Use>
LIMBECK_INLINE void with_square(const float* image, int64_t height, int64_t width, int64_t channels, int64_t y0,
                                int64_t x0, const float* zeros, const Use& use) {
  if (y0 >= 0 && x0 >= 0 && y0 + Side <= height && x0 + Side <= width)
    use(WholeSquare{image + (y0 * width + x0) * channels, width * channels, channels});
  else
    use(CutSquare<Side>(image, height, width, channels, y0, x0, zeros));
}

/// Bᵀ d B of one tile's inputs, written as 36 rows of `channels`, `step` floats apart.
template <int64_t Lanes, class Square>
LIMBECK_INLINE void input_tile(const Square& square, int64_t channels, float* __restrict to, int64_t step) {
  using Vector = typename VectorsOf<Lanes>::Vector;
  Vector columns[kPoints], rows[kSide];
  for (int64_t c = 0; c < channels; c += Lanes) {
#pragma GCC unroll 6
    for (int64_t x = 0; x < kSide; ++x) {
      Vector inputs[kSide];
#pragma GCC unroll 6
      for (int64_t y = 0; y < kSide; ++y) inputs[y] = *reinterpret_cast<const Vector*>(square(y, x) + c);
      transform_inputs(inputs, 1, columns + x, kSide);
    }
#pragma GCC unroll 6
    for (int64_t y = 0; y < kSide; ++y) {
      transform_inputs(columns + y * kSide, 1, rows, 1);
#pragma GCC unroll 6
      for (int64_t x = 0; x < kSide; ++x) *reinterpret_cast<Vector*>(to + (y * kSide + x) * step + c) = rows[x];
    }
  }
}

/// A dY Aᵀ of one tile's gradients, written likewise.
template <int64_t Lanes, class Square>
LIMBECK_INLINE void gradient_tile(const Square& square, int64_t channels, float* __restrict to, int64_t step) {
  using Vector = typename VectorsOf<Lanes>::Vector;
  Vector columns[kSide * kOutputs], rows[kSide];
  for (int64_t c = 0; c < channels; c += Lanes) {
#pragma GCC unroll 4
    for (int64_t x = 0; x < kOutputs; ++x) {
      Vector values[kOutputs];
#pragma GCC unroll 4
      for (int64_t y = 0; y < kOutputs; ++y) values[y] = *reinterpret_cast<const Vector*>(square(y, x) + c);
      transform_gradients(values, 1, columns + x, kOutputs);
    }
#pragma GCC unroll 6
    for (int64_t y = 0; y < kSide; ++y) {
      transform_gradients(columns + y * kOutputs, 1, rows, 1);
#pragma GCC unroll 6
      for (int64_t x = 0; x < kSide; ++x) *reinterpret_cast<Vector*>(to + (y * kSide + x) * step + c) = rows[x];
    }
  }
}

struct TileEpilogue {
  const float* bias;
  const float* added;  ///< at the tile's first output
  Rectifier rectifier;
};

/// Aᵀ m A of one tile's products, and what follows. `image`: at the tile's first output, whose next row is `row` floats
/// further. `Whole`: all 16 outputs lie in the image, else the first `down` by `across`.
template <int64_t Lanes, bool Whole>
LIMBECK_INLINE void output_tile(const float* __restrict products, int64_t step, int64_t channels, int64_t row,
                                int64_t down, int64_t across, const TileEpilogue& epilogue, float* __restrict image) {
  using Vector = typename VectorsOf<Lanes>::Vector;
  Vector rows[kOutputs * kSide], outputs[kOutputs];
  const Vector most = Vector{} + epilogue.rectifier.most;
  for (int64_t c = 0; c < channels; c += Lanes) {
#pragma GCC unroll 6
    for (int64_t x = 0; x < kSide; ++x) {
      Vector column[kSide];
#pragma GCC unroll 6
      for (int64_t y = 0; y < kSide; ++y)
        column[y] = *reinterpret_cast<const Vector*>(products + (y * kSide + x) * step + c);
      transform_products(column, 1, rows + x, kSide);
    }
    const Vector bias = epilogue.bias != nullptr ? *reinterpret_cast<const Vector*>(epilogue.bias + c) : Vector{};
#pragma GCC unroll 4
    for (int64_t y = 0; y < kOutputs; ++y) {
      if (!Whole && y >= down) break;
      transform_products(rows + y * kSide, 1, outputs, 1);
#pragma GCC unroll 4
      for (int64_t x = 0; x < kOutputs; ++x) {
        if (!Whole && x >= across) break;
        const int64_t at = y * row + x * channels + c;
        Vector value = outputs[x] + bias;
        if (epilogue.added != nullptr) value += *reinterpret_cast<const Vector*>(epilogue.added + at);
        if (epilogue.rectifier.on) value = value > 0 ? (value < most ? value : most) : epilogue.rectifier.slope * value;
        *reinterpret_cast<Vector*>(image + at) = value;
      }
    }
  }
}

constexpr float kG[kSide][3] = {{1.0F / 4, 0, 0},
                                {-1.0F / 6, -1.0F / 6, -1.0F / 6},
                                {-1.0F / 6, 1.0F / 6, -1.0F / 6},
                                {1.0F / 24, 1.0F / 12, 1.0F / 6},
                                {1.0F / 24, -1.0F / 12, 1.0F / 6},
                                {0, 0, 1}};

/// Where the transformed weight of a pair of channels stands at the first point; the next point is in · out further.
int64_t place_of(const WinogradShape& shape, int64_t in, int64_t out) {
  return (out / kColumns * shape.in + in) * kColumns + out % kColumns;
}

/// Transforms the inputs of tiles first … first + count − 1.
template <int64_t Lanes>
LIMBECK_INLINE void input_tiles(const WinogradShape& shape, const float* x, const float* zeros, int64_t first,
                                int64_t count, float* inputs) {
  for (int64_t i = 0; i < count; ++i) {
    const Tile tile = tile_at(shape, first + i);
    with_square<kSide>(x + tile.image * shape.height * shape.width * shape.in, shape.height, shape.width, shape.in,
                       tile.y - 1, tile.x - 1, zeros, [&](const auto& square) LIMBECK_FLATTEN {
                         input_tile<Lanes>(square, shape.in, inputs + i * shape.in, shape.step(shape.in));
                       });
  }
}

template <int64_t Lanes>
LIMBECK_INLINE void convolve(const WinogradShape& shape, const float* x, const float* transformed,
                             const WinogradEpilogue& epilogue, float* y, int64_t begin, int64_t end, float* workspace) {
  const int64_t block = shape.block(), row = shape.width * shape.out;
  float* const inputs = workspace;
  float* const products = workspace + kPoints * shape.step(shape.in) + kMostRows * shape.in;
  float* const zeros = products + kPoints * shape.step(shape.out);
  std::fill_n(zeros, shape.in, 0.0F);
  for (int64_t first = begin * block; first < std::min(end * block, shape.tiles()); first += block) {
    const int64_t count = std::min(block, shape.tiles() - first);
    input_tiles<Lanes>(shape, x, zeros, first, count, inputs);
    for (int64_t point = 0; point < kPoints; ++point)
      multiply_packed<Lanes>(inputs + point * shape.step(shape.in), transformed + point * shape.in * shape.out, count,
                             shape.in, shape.out, products + point * shape.step(shape.out));
    for (int64_t i = 0; i < count; ++i) {
      const Tile tile = tile_at(shape, first + i);
      const int64_t at = (tile.image * shape.height + tile.y) * row + tile.x * shape.out;
      const TileEpilogue own = {epilogue.bias, epilogue.added == nullptr ? nullptr : epilogue.added + at,
                                epilogue.rectifier};
      const int64_t down = std::min(kOutputs, shape.height - tile.y), across = std::min(kOutputs, shape.width - tile.x);
      if (down == kOutputs && across == kOutputs)
        output_tile<Lanes, true>(products + i * shape.out, shape.step(shape.out), shape.out, row, down, across, own,
                                 y + at);
      else
        output_tile<Lanes, false>(products + i * shape.out, shape.step(shape.out), shape.out, row, down, across, own,
                                  y + at);
    }
  }
}

template <int64_t Lanes>
LIMBECK_INLINE void add_gradient(const WinogradShape& shape, const float* x, const float* gradient, int64_t begin,
                                 int64_t end, float* workspace, float* sums) {
  const int64_t block = shape.block();
  float* const inputs = workspace;
  float* const gradients = workspace + kPoints * shape.step(shape.in);
  float* const zeros = gradients + kPoints * shape.step(shape.out);
  std::fill_n(zeros, std::max(shape.in, shape.out), 0.0F);
  for (int64_t first = begin * block; first < std::min(end * block, shape.tiles()); first += block) {
    const int64_t count = std::min(block, shape.tiles() - first);
    input_tiles<Lanes>(shape, x, zeros, first, count, inputs);
    for (int64_t i = 0; i < count; ++i) {
      const Tile tile = tile_at(shape, first + i);
      with_square<kOutputs>(gradient + tile.image * shape.height * shape.width * shape.out, shape.height, shape.width,
                            shape.out, tile.y, tile.x, zeros, [&](const auto& square) LIMBECK_FLATTEN {
                              gradient_tile<Lanes>(square, shape.out, gradients + i * shape.out, shape.step(shape.out));
                            });
    }
    for (int64_t point = 0; point < kPoints; ++point)
      add_outer<Lanes>(inputs + point * shape.step(shape.in), gradients + point * shape.step(shape.out), count,
                       shape.in, shape.out, sums + point * shape.in * shape.out);
  }
}

// One copy of each for each width of vectors.
LIMBECK_VECTORS_OF_8
void convolve_narrow(const WinogradShape& shape, const float* x, const float* transformed,
                     const WinogradEpilogue& epilogue, float* y, int64_t begin, int64_t end, float* workspace) {
  convolve<8>(shape, x, transformed, epilogue, y, begin, end, workspace);
}
LIMBECK_VECTORS_OF_16
void convolve_wide(const WinogradShape& shape, const float* x, const float* transformed,
                   const WinogradEpilogue& epilogue, float* y, int64_t begin, int64_t end, float* workspace) {
  convolve<16>(shape, x, transformed, epilogue, y, begin, end, workspace);
}
LIMBECK_VECTORS_OF_8
void add_gradient_narrow(const WinogradShape& shape, const float* x, const float* gradient, int64_t begin, int64_t end,
                         float* workspace, float* sums) {
  add_gradient<8>(shape, x, gradient, begin, end, workspace, sums);
}
LIMBECK_VECTORS_OF_16
void add_gradient_wide(const WinogradShape& shape, const float* x, const float* gradient, int64_t begin, int64_t end,
                       float* workspace, float* sums) {
  add_gradient<16>(shape, x, gradient, begin, end, workspace, sums);
}

LIMBECK_VECTORIZED
void add_up(float* __restrict to, const float* __restrict from, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] += from[i];
}

/// G g Gᵀ for the kernels of 16 outputs side by side: [9][16] → 36 rows of 16, `step` floats apart.
LIMBECK_VECTORIZED
void transform_kernels(const float (*__restrict kernels)[kColumns], float* __restrict to, int64_t step) {
  float half[kSide][3][kColumns];
  for (int64_t y = 0; y < kSide; ++y)
    for (int64_t x = 0; x < 3; ++x)
      for (int64_t k = 0; k < kColumns; ++k)
        half[y][x][k] = kG[y][0] * kernels[x][k] + kG[y][1] * kernels[3 + x][k] + kG[y][2] * kernels[6 + x][k];
  for (int64_t y = 0; y < kSide; ++y)
    for (int64_t x = 0; x < kSide; ++x)
      for (int64_t k = 0; k < kColumns; ++k)
        to[(y * kSide + x) * step + k] = half[y][0][k] * kG[x][0] + half[y][1][k] * kG[x][1] + half[y][2][k] * kG[x][2];
}

/// Gᵀ s G, the other way.
LIMBECK_VECTORIZED
void transform_sums(const float* __restrict sums, int64_t step, float (*__restrict kernels)[kColumns]) {
  float half[3][kSide][kColumns] = {};
  for (int64_t y = 0; y < kSide; ++y)
    for (int64_t i = 0; i < 3; ++i)
      for (int64_t x = 0; x < kSide; ++x)
        for (int64_t k = 0; k < kColumns; ++k) half[i][x][k] += kG[y][i] * sums[(y * kSide + x) * step + k];
  for (int64_t i = 0; i < 3; ++i)
    for (int64_t j = 0; j < 3; ++j) {
      float* to = kernels[i * 3 + j];
      for (int64_t k = 0; k < kColumns; ++k) to[k] = 0;
      for (int64_t x = 0; x < kSide; ++x)
        for (int64_t k = 0; k < kColumns; ++k) to[k] += half[i][x][k] * kG[x][j];
    }
}

}  // namespace

int64_t WinogradShape::block() const {
  constexpr int64_t kFloats = 1 << 16;  // a quarter of a mebibyte: half of a core's own cache
  constexpr int64_t kKeptWeights =
      1 << 14;  // pairs of channels whose weights stay there too; more are read again for each block
  const int64_t fitting = kFloats / (kPoints * (in + out)) / kMostRows * kMostRows;
  return std::clamp<int64_t>(fitting, (in * out <= kKeptWeights ? 2 : 4) * kMostRows, 8 * kMostRows);
}

bool has_wide_vectors() {
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
  static const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                           __builtin_cpu_supports("avx512cd");
  return wide;
#else
  return false;
#endif
}

void transform_weights(const WinogradShape& shape, const float* weights, bool turned, float* transformed, int64_t begin,
                       int64_t end) {
  float kernels[9][kColumns];
  for (int64_t in = begin; in < end; ++in)
    for (int64_t out = 0; out < shape.out; out += kColumns) {
      for (int64_t k = 0; k < kColumns; ++k) {
        const float* g = weights + (turned ? in * shape.out + out + k : (out + k) * shape.in + in) * 9;
        for (int64_t i = 0; i < 9; ++i) kernels[i][k] = turned ? g[8 - i] : g[i];
      }
      transform_kernels(kernels, transformed + place_of(shape, in, out), shape.in * shape.out);
    }
}

void finish_weight_gradient(const WinogradShape& shape, float* sums, int64_t parts, float* gradient, int64_t begin,
                            int64_t end) {
  for (int64_t part = 1; part < parts; ++part)
    for (int64_t point = 0; point < kPoints; ++point)
      for (int64_t out = 0; out < shape.out; out += kColumns) {
        const int64_t at = point * shape.in * shape.out + place_of(shape, begin, out);
        add_up(sums + at, sums + part * shape.weights() + at, (end - begin) * kColumns);
      }
  float kernels[9][kColumns];
  for (int64_t in = begin; in < end; ++in)
    for (int64_t out = 0; out < shape.out; out += kColumns) {
      transform_sums(sums + place_of(shape, in, out), shape.in * shape.out, kernels);
      for (int64_t k = 0; k < kColumns; ++k)
        for (int64_t i = 0; i < 9; ++i) gradient[((out + k) * shape.in + in) * 9 + i] = kernels[i][k];
    }
}

void convolve_blocks(const WinogradShape& shape, const float* x, const float* transformed,
                     const WinogradEpilogue& epilogue, float* y, int64_t begin, int64_t end, float* workspace) {
  (shape.wide ? convolve_wide : convolve_narrow)(shape, x, transformed, epilogue, y, begin, end, workspace);
}

void add_weight_gradient(const WinogradShape& shape, const float* x, const float* gradient, int64_t begin, int64_t end,
                         float* workspace, float* sums) {
  (shape.wide ? add_gradient_wide : add_gradient_narrow)(shape, x, gradient, begin, end, workspace, sums);
}

}  // namespace limbeck
