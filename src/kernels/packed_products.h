#pragma once
// Small matrix products in registers, for kernels that are compiled once for each width of vectors: `Lanes` is 8 or 16
// floats. The files that include it allow fused multiply-adds (fp-contract=fast).
#include <cstdint>

#define LIMBECK_INLINE __attribute__((always_inline)) inline
#define LIMBECK_FLATTEN __attribute__((always_inline))  // of a lambda

namespace limbeck {

constexpr int64_t kPackedColumns = 16;   // of a product that are summed in registers together,
constexpr int64_t kMostPackedRows = 12;  // and rows: so many, or half, so that 12 registers hold the sums

template <int64_t Lanes>
struct VectorsOf;
template <>
struct VectorsOf<8> {
  using Vector = float __attribute__((vector_size(32), aligned(4), may_alias));
  static constexpr int64_t kRows = 6, kVectors = 2;
};
template <>
struct VectorsOf<16> {
  using Vector = float __attribute__((vector_size(64), aligned(4), may_alias));
  static constexpr int64_t kRows = 12, kVectors = 1;
};

/// c [kRows, kPackedColumns] = a [kRows, depth] b [depth, kPackedColumns].
template <int64_t Lanes>
LIMBECK_INLINE void product_tile(const float* __restrict a, int64_t a_step, const float* __restrict b, int64_t depth,
                                 float* __restrict c, int64_t c_step) {
  using Vector = typename VectorsOf<Lanes>::Vector;
  constexpr int64_t kRows = VectorsOf<Lanes>::kRows, kVectors = VectorsOf<Lanes>::kVectors;
  Vector sums[kRows][kVectors];
#pragma GCC unroll 12
  for (int64_t row = 0; row < kRows; ++row)
#pragma GCC unroll 2
    for (int64_t v = 0; v < kVectors; ++v) sums[row][v] = Vector{};
  for (int64_t k = 0; k < depth; ++k) {
    Vector factors[kVectors];
#pragma GCC unroll 2
    for (int64_t v = 0; v < kVectors; ++v)
      factors[v] = *reinterpret_cast<const Vector*>(b + k * kPackedColumns + v * Lanes);
#pragma GCC unroll 12
    for (int64_t row = 0; row < kRows; ++row)
#pragma GCC unroll 2
      for (int64_t v = 0; v < kVectors; ++v) sums[row][v] += a[row * a_step + k] * factors[v];
  }
#pragma GCC unroll 12
  for (int64_t row = 0; row < kRows; ++row)
#pragma GCC unroll 2
    for (int64_t v = 0; v < kVectors; ++v) *reinterpret_cast<Vector*>(c + row * c_step + v * Lanes) = sums[row][v];
}

/// c [rows, columns] = a [rows, depth] b, b being packed as [columns / 16, depth, 16]. `a` is read, and `c` is written,
/// up to a multiple of kRows.
template <int64_t Lanes>
LIMBECK_INLINE void multiply_packed(const float* __restrict a, const float* __restrict b, int64_t rows, int64_t depth,
                                    int64_t columns, float* __restrict c) {
  constexpr int64_t kRows = VectorsOf<Lanes>::kRows;
  for (int64_t column = 0; column < columns; column += kPackedColumns)
    for (int64_t row = 0; row < rows; row += kRows)
      product_tile<Lanes>(a + row * depth, depth, b + column * depth, depth, c + row * columns + column, columns);
}

/// c [depth_a, depth_b] += aᵀ b, a [rows, depth_a], b [rows, depth_b]; c is packed as [depth_b / 16, depth_a, 16].
template <int64_t Lanes>
LIMBECK_INLINE void add_outer(const float* __restrict a, const float* __restrict b, int64_t rows, int64_t depth_a,
                              int64_t depth_b, float* __restrict c) {
  using Vector = typename VectorsOf<Lanes>::Vector;
  constexpr int64_t kVectors = VectorsOf<Lanes>::kVectors, kStep = 8 / kVectors;  // channels of a at a time
  for (int64_t column = 0; column < depth_b; column += kPackedColumns)
    for (int64_t i = 0; i < depth_a; i += kStep) {
      auto* to = reinterpret_cast<Vector*>(c + column * depth_a + i * kPackedColumns);
      Vector sums[kStep * kVectors];
      for (int64_t j = 0; j < kStep * kVectors; ++j) sums[j] = to[j];
      for (int64_t row = 0; row < rows; ++row) {
        const auto* factors = reinterpret_cast<const Vector*>(b + row * depth_b + column);
#pragma GCC unroll 8
        for (int64_t j = 0; j < kStep * kVectors; ++j)
          sums[j] += a[row * depth_a + i + j / kVectors] * factors[j % kVectors];
      }
      for (int64_t j = 0; j < kStep * kVectors; ++j) to[j] = sums[j];
    }
}

}  // namespace limbeck
