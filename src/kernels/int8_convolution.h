#pragma once
// Convolution of bytes, as integer runtimes compute it: x ≈ s (q − z) with q uint8, weights w ≈ s_c p with p int8, sums
// of products in int32, exactly; then bias, sum with a shortcut, rectifier, and rounding to the bytes of the output.
// Images are in [N, H, W, C] layout. With AVX-512 VNNI a core adds 64 products at a time; elsewhere the same sums are
// computed by ordinary loops. B. Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient
// Integer-Arithmetic-Only Inference". Everything here is one piece of the work, for kernels/pieces.h.
//
//   const Int8Patches shape{{.images = 64, .height = 32, .width = 32, .in = 16, .out = 16, .kernel = 3, .padding = 1}};
//   pack_int8_weights(shape, weights, packed);
//   convolve_int8(shape, x, packed, epilogue, y, block, workspace);
#include <cstdint>

#include "kernels/patches.h"

namespace limbeck {

/// x ≈ scale · (byte − zero).
struct ByteGrid {
  ByteGrid() = default;
  ByteGrid(float scale_of, int32_t zero_of) : scale(scale_of), inverse(1 / scale_of), zero(zero_of) {}

  float scale = 1;
  float inverse = 1;  ///< of the scale
  int32_t zero = 0;
};

struct Int8Patches : PatchShape {  ///< `in` is a multiple of 4
  /// Size of the packed weights in bytes.
  int64_t weights() const { return kernel * kernel * in * out; }
  /// Size of a thread's workspace in bytes: whole vectors are read from the end of the input.
  int64_t workspace() const { return padded() + 64; }
};

/// What becomes of the sums Σ p (q − z) of an output channel: sum · scale + bias, rounded to `product` if given; plus
/// `added`, if given; rectified; rounded to `output`.
struct Int8Epilogue {
  int32_t outside = 0;             ///< z of the input, which padding is
  const int32_t* start = nullptr;  ///< [out] −z Σ p
  const float* scale = nullptr;    ///< [out] s · s_c
  const float* bias = nullptr;     ///< [out]
  const ByteGrid* product = nullptr;
  const uint8_t* added = nullptr;  ///< [N, H', W', out]
  ByteGrid of_added = {};
  Rectifier rectifier = {};  ///< of slope 0
  ByteGrid output = {};
};

/// Whether the processor adds products of bytes by itself.
bool has_byte_products();

/// Packs weights p [out, in, kernel, kernel].
void pack_int8_weights(const Int8Patches& shape, const int8_t* weights, int8_t* packed);

/// Computes y [N, H', W', out] for the rows of a block, from x [N, H, W, in].
void convolve_int8(const Int8Patches& shape, const uint8_t* x, const int8_t* packed, const Int8Epilogue& epilogue,
                   uint8_t* y, int64_t block, uint8_t* workspace);

/// Rounds `pixels` of `channels` floats to bytes, of `padded` channels: those that fill up are `grid.zero`.
void floats_to_bytes(const float* from, int64_t pixels, int64_t channels, int64_t padded, const ByteGrid& grid,
                     uint8_t* to);
/// The other way.
void bytes_to_floats(const uint8_t* from, int64_t pixels, int64_t channels, int64_t padded, const ByteGrid& grid,
                     float* to);

}  // namespace limbeck
