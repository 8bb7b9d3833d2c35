#pragma once
// Convolution with 3×3 kernels by Winograd's minimal filtering F(4×4, 3×3): S. Winograd 1980; A. Lavin, S. Gray, "Fast
// algorithms for convolutional neural networks", CVPR 2016. A tile of 4×4 outputs needs 36 multiplications per pair of
// channels instead of 144:
//   Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A        d: 6×6 inputs, g: 3×3 weights, Y: 4×4 outputs
// The products over channels are 36 matrix products, computed for a block of tiles at a time, so that their inputs stay
// in the cache. Images are in [N, H, W, C] layout, stride 1, zero padding of one pixel. float32; differs from direct
// convolution by rounding, about 1e-5 of the largest output.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "kernels/rectifier.h"

namespace limbeck {

/// Whether the processor has vectors of 16 floats (AVX-512).
bool has_wide_vectors();

struct WinogradShape {
  int64_t images = 0;
  int64_t height = 0;
  int64_t width = 0;
  int64_t in = 0;                  ///< channels; a multiple of 16
  int64_t out = 0;                 ///< a multiple of 16
  bool wide = has_wide_vectors();  ///< vectors of 16 floats, else of 8; slow but correct if the processor lacks them

  int64_t tiles() const { return images * ((height + 3) / 4) * ((width + 3) / 4); }
  /// Number of tiles that are processed together.
  int64_t block() const;
  int64_t blocks() const { return (tiles() + block() - 1) / block(); }
  /// Stride in floats between the 36 points of a block, chosen to avoid cache set conflicts.
  int64_t step(int64_t channels) const { return block() * channels + 16; }
  /// Size of a thread's workspace in floats: transformed inputs, including padding rows that are read but not used;
  /// products; a pixel of zeros.
  int64_t workspace() const { return 36 * (step(in) + step(out)) + 12 * in + std::max(in, out); }
  /// Size of the transformed weights in floats.
  int64_t weights() const { return 36 * in * out; }
};

/// Operations applied to an output before it is written.
struct WinogradEpilogue {
  const float* bias = nullptr;   ///< [out]
  const float* added = nullptr;  ///< [N, H, W, out]
  Rectifier rectifier = {};
};

/// Computes U for weights [out, in, 3, 3] in PyTorch's layout, for input channels begin … end − 1. `turned`: for the
/// backward pass; `weights` is then [in, out, 3, 3] of the forward convolution, each kernel rotated by 180°.
void transform_weights(const WinogradShape& shape, const float* weights, bool turned, float* transformed, int64_t begin,
                       int64_t end);

/// Computes y [N, H, W, out] for the tiles of blocks begin … end − 1, from x [N, H, W, in].
void convolve_blocks(const WinogradShape& shape, const float* x, const float* transformed,
                     const WinogradEpilogue& epilogue, float* y, int64_t begin, int64_t end, float* workspace);

/// Adds the weights' transformed gradient over the tiles of blocks begin … end − 1 to `sums` (36·in·out floats), given
/// the convolution's inputs x [N, H, W, in] and the gradient of its outputs [N, H, W, out].
void add_weight_gradient(const WinogradShape& shape, const float* x, const float* gradient, int64_t begin, int64_t end,
                         float* workspace, float* sums);
/// Computes the gradient [out, in, 3, 3] from `parts` such sums, one after the other, for input channels begin … end
/// − 1. Adds the other sums to the first.
void finish_weight_gradient(const WinogradShape& shape, float* sums, int64_t parts, float* gradient, int64_t begin,
                            int64_t end);

}  // namespace limbeck
