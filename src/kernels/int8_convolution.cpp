#include "kernels/int8_convolution.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/vectorize.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define LIMBECK_HAS_BYTE_PRODUCTS
#include <immintrin.h>
#define LIMBECK_BYTE_PRODUCTS __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma")))
#endif

namespace limbeck {
namespace {

constexpr int64_t kChannels = 16;  // of the output, summed together
constexpr int64_t kFactors = 4;    // of the input, whose products are added at a time
constexpr float kMostByte = 255;

using ByteBlock = PatchBlock<uint8_t>;

inline float on_grid(float value, const ByteGrid& grid) {
  return std::clamp(std::nearbyint(value * grid.inverse) + static_cast<float>(grid.zero), 0.0F, kMostByte);
}

inline float value_of(float byte, const ByteGrid& grid) {
  return (byte - static_cast<float>(grid.zero)) * grid.scale;
}

/// What becomes of one sum.
uint8_t finished(const Int8Epilogue& epilogue, int32_t sum, int64_t channel, int64_t at) {
  float value = static_cast<float>(sum) * epilogue.scale[channel] + epilogue.bias[channel];
  if (epilogue.product != nullptr) value = value_of(on_grid(value, *epilogue.product), *epilogue.product);
  if (epilogue.added != nullptr) value += value_of(epilogue.added[at], epilogue.of_added);
  if (epilogue.rectifier.on) value = std::clamp(value, 0.0F, epilogue.rectifier.most);
  return static_cast<uint8_t>(on_grid(value, epilogue.output));
}

/// Adds the products of a pixel's patch with the weights of 16 channels.
LIMBECK_VECTORIZED
void add_byte_products(const uint8_t* __restrict patch, int64_t pitch, int64_t kernel, int64_t length,
                       const int8_t* __restrict weights, int32_t* __restrict sums) {
  for (int64_t ky = 0; ky < kernel; ++ky)
    for (int64_t k = 0; k < length; k += kFactors, weights += kChannels * kFactors) {
      const uint8_t* at = patch + ky * pitch + k;
      for (int64_t c = 0; c < kChannels; ++c)
        sums[c] += at[0] * weights[c * kFactors] + at[1] * weights[c * kFactors + 1] +
                   at[2] * weights[c * kFactors + 2] + at[3] * weights[c * kFactors + 3];
    }
}

void convolve_plainly(const Int8Patches& shape, const ByteBlock& block, const int8_t* packed,
                      const Int8Epilogue& epilogue, uint8_t* y) {
  over_tiles<1>(shape, block, [&](const std::array<int64_t, 1>& place, int64_t, int64_t to) {
    for (int64_t column = 0; column < shape.out; column += kChannels) {
      std::array<int32_t, kChannels> sums;
      std::copy_n(epilogue.start + column, kChannels, sums.begin());
      add_byte_products(block.input + place[0], block.pitch, shape.kernel, shape.kernel * shape.in,
                        packed + column * shape.kernel * shape.kernel * shape.in, sums.data());
      for (int64_t c = 0; c < kChannels; ++c)
        y[to + column + c] = finished(epilogue, sums[c], column + c, to + column + c);
    }
  });
}

LIMBECK_VECTORIZED
void round_row(const float* __restrict from, int64_t count, const ByteGrid& grid, uint8_t* __restrict to) {
  for (int64_t i = 0; i < count; ++i) to[i] = static_cast<uint8_t>(on_grid(from[i], grid));
}

LIMBECK_VECTORIZED
void value_row(const uint8_t* __restrict from, int64_t count, const ByteGrid& grid, float* __restrict to) {
  for (int64_t i = 0; i < count; ++i) to[i] = value_of(from[i], grid);
}

#ifdef LIMBECK_HAS_BYTE_PRODUCTS
constexpr int64_t kTile = 12;  // pixels whose sums stand in registers

/// Values as whole numbers of a grid from 0, which packing limits to 255.
LIMBECK_BYTE_PRODUCTS inline __m512i to_grid(__m512 value, const ByteGrid& grid) {
  const __m512 scaled = _mm512_mul_ps(value, _mm512_set1_ps(grid.inverse));
  const __m512i whole = _mm512_cvtps_epi32(_mm512_min_ps(scaled, _mm512_set1_ps(1e6F)));
  return _mm512_max_epi32(_mm512_add_epi32(whole, _mm512_set1_epi32(grid.zero)), _mm512_setzero_si512());
}

LIMBECK_BYTE_PRODUCTS inline __m512 from_grid(__m512i bytes, const ByteGrid& grid) {
  return _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(bytes, _mm512_set1_epi32(grid.zero))),
                       _mm512_set1_ps(grid.scale));
}

LIMBECK_BYTE_PRODUCTS inline void finish(const Int8Epilogue& epilogue, __m512i sum, int64_t channel, int64_t at,
                                         uint8_t* y) {
  __m512 value = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), _mm512_loadu_ps(epilogue.scale + channel),
                                 _mm512_loadu_ps(epilogue.bias + channel));
  if (epilogue.product != nullptr)
    value = from_grid(_mm512_min_epi32(to_grid(value, *epilogue.product), _mm512_set1_epi32(255)), *epilogue.product);
  if (epilogue.added != nullptr) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(epilogue.added + at));
    value = _mm512_add_ps(value, from_grid(_mm512_cvtepu8_epi32(bytes), epilogue.of_added));
  }
  if (epilogue.rectifier.on)
    value = _mm512_min_ps(_mm512_max_ps(value, _mm512_setzero_ps()), _mm512_set1_ps(epilogue.rectifier.most));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(y + at), _mm512_cvtusepi32_epi8(to_grid(value, epilogue.output)));
}

/// The outputs of a tile in Groups · 16 channels from `column` on.
template <int64_t Groups>
LIMBECK_BYTE_PRODUCTS inline void byte_tile(const Int8Patches& shape, const ByteBlock& block,
                                            const std::array<int64_t, kTile>& places, const int8_t* packed,
                                            const Int8Epilogue& epilogue, int64_t column, int64_t count, int64_t to,
                                            uint8_t* y) {
  const int64_t length = shape.kernel * shape.in, next_group = kChannels * shape.kernel * length;
  const int8_t* b = packed + column * shape.kernel * length;
  __m512i sums[kTile][Groups];
#pragma GCC unroll 12
  for (int64_t row = 0; row < kTile; ++row)
#pragma GCC unroll 2
    for (int64_t g = 0; g < Groups; ++g) sums[row][g] = _mm512_loadu_si512(epilogue.start + column + g * kChannels);
  for (int64_t ky = 0; ky < shape.kernel; ++ky) {
    const uint8_t* const a = block.input + ky * block.pitch;
    for (int64_t k = 0; k < length; k += kFactors, b += kChannels * kFactors) {
      __m512i factors[Groups];
#pragma GCC unroll 2
      for (int64_t g = 0; g < Groups; ++g) factors[g] = _mm512_loadu_si512(b + g * next_group);
#pragma GCC unroll 12
      for (int64_t row = 0; row < kTile; ++row) {
        int32_t four;
        __builtin_memcpy(&four, a + places[row] + k, sizeof four);
        const __m512i bytes = _mm512_set1_epi32(four);
#pragma GCC unroll 2
        for (int64_t g = 0; g < Groups; ++g) sums[row][g] = _mm512_dpbusd_epi32(sums[row][g], bytes, factors[g]);
      }
    }
  }
#pragma GCC unroll 12
  for (int64_t row = 0; row < kTile; ++row) {
    if (row >= count) break;
#pragma GCC unroll 2
    for (int64_t g = 0; g < Groups; ++g)
      finish(epilogue, sums[row][g], column + g * kChannels, to + row * shape.out + column + g * kChannels, y);
  }
}

LIMBECK_BYTE_PRODUCTS void convolve_with_byte_products(const Int8Patches& shape, const ByteBlock& block,
                                                       const int8_t* packed, const Int8Epilogue& epilogue, uint8_t* y) {
  over_tiles<kTile>(shape, block, [&](const std::array<int64_t, kTile>& places, int64_t count, int64_t to) {
    int64_t column = 0;
    for (; column + 2 * kChannels <= shape.out; column += 2 * kChannels)
      byte_tile<2>(shape, block, places, packed, epilogue, column, count, to, y);
    for (; column < shape.out; column += kChannels)
      byte_tile<1>(shape, block, places, packed, epilogue, column, count, to, y);
  });
}
#endif

}  // namespace

bool has_byte_products() {
#ifdef LIMBECK_HAS_BYTE_PRODUCTS
  static const bool has = has_wide_vectors() && __builtin_cpu_supports("avx512vnni");
  return has;
#else
  return false;
#endif
}

void pack_int8_weights(const Int8Patches& shape, const int8_t* weights, int8_t* packed) {
  const int64_t area = shape.kernel * shape.kernel;
  for (int64_t out = 0; out < shape.out; ++out)
    for (int64_t place = 0; place < area * shape.in; ++place) {
      const int64_t group = out / kChannels * (area * shape.in / kFactors) + place / kFactors;
      packed[(group * kChannels + out % kChannels) * kFactors + place % kFactors] =
          weights[(out * shape.in + place % shape.in) * area + place / shape.in];
    }
}

void convolve_int8(const Int8Patches& shape, const uint8_t* x, const int8_t* packed, const Int8Epilogue& epilogue,
                   uint8_t* y, int64_t block, uint8_t* workspace) {
  const ByteBlock own = block_at(shape, x, block, static_cast<uint8_t>(epilogue.outside), workspace);
#ifdef LIMBECK_HAS_BYTE_PRODUCTS
  if (shape.wide && has_byte_products()) return convolve_with_byte_products(shape, own, packed, epilogue, y);
#endif
  convolve_plainly(shape, own, packed, epilogue, y);
}

void floats_to_bytes(const float* from, int64_t pixels, int64_t channels, int64_t padded, const ByteGrid& grid,
                     uint8_t* to) {
  if (channels == padded) return round_row(from, pixels * channels, grid, to);
  for (int64_t pixel = 0; pixel < pixels; ++pixel) {
    for (int64_t c = 0; c < channels; ++c)
      to[pixel * padded + c] = static_cast<uint8_t>(on_grid(from[pixel * channels + c], grid));
    std::fill_n(to + pixel * padded + channels, padded - channels, static_cast<uint8_t>(grid.zero));
  }
}

void bytes_to_floats(const uint8_t* from, int64_t pixels, int64_t channels, int64_t padded, const ByteGrid& grid,
                     float* to) {
  if (channels == padded) return value_row(from, pixels * channels, grid, to);
  for (int64_t pixel = 0; pixel < pixels; ++pixel)
    for (int64_t c = 0; c < channels; ++c) to[pixel * channels + c] = value_of(from[pixel * padded + c], grid);
}

}  // namespace limbeck
