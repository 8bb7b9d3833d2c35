#pragma once
// Convolution by the definition, as matrix products over a few rows of the output at a time, whose patches are read
// from the image where they lie; only rows with padding are copied, to the cache. For kernels and strides that
// Winograd's method (winograd.h) does not serve. Images are in [N, H, W, C] layout. float32. Everything here is one
// piece of the work, for kernels/pieces.h.
#include <cstdint>

#include "kernels/patches.h"

namespace limbeck {

/// A convolution over patches of floats.
struct FloatPatches : PatchShape {
  /// Length of a patch in floats, filled up with zeros.
  int64_t depth() const { return (kernel * kernel * in + 15) / 16 * 16; }
  /// Size of the packed weights, and of their gradient's sums, in floats.
  int64_t weights() const { return depth() * out; }
  /// Size of a thread's workspace in floats.
  int64_t workspace() const;
};

/// Packs weights [out, in, kernel, kernel] for convolve_patches, or turned for patch_input_gradient.
void pack_patch_weights(const FloatPatches& shape, const float* weights, bool turned, float* packed);

/// Computes y [N, H', W', out] for the rows of a block, from x [N, H, W, in].
void convolve_patches(const FloatPatches& shape, const float* x, const float* packed, const WinogradEpilogue& epilogue,
                      float* y, int64_t block, float* workspace);

/// Adds the weights' gradient over the rows of blocks begin … end − 1 to `sums` (weights() floats).
void add_patch_gradient(const FloatPatches& shape, const float* x, const float* gradient, int64_t begin, int64_t end,
                        float* workspace, float* sums);
/// Adds up `parts` such sums and writes the gradient [out, in, kernel, kernel].
void finish_patch_gradient(const FloatPatches& shape, const float* sums, int64_t parts, float* gradient);

/// Computes the gradient of an image of the inputs, from `turned` weights.
void patch_input_gradient(const FloatPatches& shape, const float* gradient, const float* turned, int64_t image,
                          float* of_x, float* workspace);

}  // namespace limbeck
