#pragma once
// Convolution with 3×3 kernels by Winograd's minimal filtering F(4×4, 3×3): S. Winograd 1980; A. Lavin, S. Gray, "Fast
// algorithms for convolutional neural networks", CVPR 2016. A tile of 4×4 outputs takes 36 products for each pair of
// channels where the definition takes 144:
//   Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A        d: 6×6 inputs, g: 3×3 weights, Y: 4×4 outputs
// The products over channels are 36 matrix products, made for a block of tiles at a time, so that what they read stays
// in the cache. Images are [N, H, W, C] in memory, stride 1, one pixel of zeros around. float32; differs from the
// definition by rounding, about 1e-5 of the largest output.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "kernels/rectifier.h"

namespace limbeck {

/// True where the processor computes with vectors of 16 floats.
bool has_wide_vectors();

struct WinogradShape {
  int64_t images = 0;
  int64_t height = 0;
  int64_t width = 0;
  int64_t in = 0;   ///< channels; a multiple of 16
  int64_t out = 0;  ///< a multiple of 16
  bool wide =
      has_wide_vectors();  ///< in vectors of 16 floats, else of 8; slow, but right, where the processor has none

  int64_t tiles() const { return images * ((height + 3) / 4) * ((width + 3) / 4); }
  /// Tiles that are worked on together.
  int64_t block() const;
  int64_t blocks() const { return (tiles() + block() - 1) / block(); }
  /// Floats from one of the 36 points of a block to the next: not a multiple of what falls into the same places of a
  /// cache.
  int64_t step(int64_t channels) const { return block() * channels + 16; }
  /// Floats that a thread needs to work in: transformed inputs, with rows that are read but not used; products; a pixel
  /// of zeros.
  int64_t workspace() const { return 36 * (step(in) + step(out)) + 12 * in + std::max(in, out); }
  /// Floats of transformed weights.
  int64_t weights() const { return 36 * in * out; }
};

/// What is done to an output before it is written.
struct WinogradEpilogue {
  const float* bias = nullptr;   ///< [out]
  const float* added = nullptr;  ///< [N, H, W, out]
  Rectifier rectifier = {};
};

/// U for weights [out, in, 3, 3] as PyTorch keeps them; `turned`: of the backward pass, where `weights` is [in, out, 3,
/// 3] of the forward convolution, each kernel turned by 180°. Of the input channels begin … end − 1.
void transform_weights(const WinogradShape& shape, const float* weights, bool turned, float* transformed, int64_t begin,
                       int64_t end);

/// y [N, H, W, out] of the tiles of blocks begin … end − 1, from x [N, H, W, in].
void convolve_blocks(const WinogradShape& shape, const float* x, const float* transformed,
                     const WinogradEpilogue& epilogue, float* y, int64_t begin, int64_t end, float* workspace);

/// Adds to `sums` (36·in·out floats) the weights' transformed gradient over the tiles of blocks begin … end − 1, from
/// the convolution's inputs x [N, H, W, in] and the gradient of its outputs [N, H, W, out].
void add_weight_gradient(const WinogradShape& shape, const float* x, const float* gradient, int64_t begin, int64_t end,
                         float* workspace, float* sums);
/// The gradient [out, in, 3, 3] from its sums, for the input channels begin … end − 1.
void finish_weight_gradient(const WinogradShape& shape, const float* sums, float* gradient, int64_t begin, int64_t end);

}  // namespace limbeck
