#pragma once
// Bilinear resampling of one uint8 image on the CPU: the fast path of affine augmentations.
//
// An output row is computed in three simple loops: source positions (once for all channels), gathering the four
// neighbours of each position into one 32-bit word, and blending. The image is padded by one pixel of fill, so that
// every position has four neighbours. Affine's implementation by tensor operations is the reference; results differ by
// at most one level.
#include <array>
#include <cstdint>
#include <vector>

#include "data/images/fill.h"

namespace limbeck {

struct PlaneSize {
  int64_t channels = 1;
  int64_t height = 0;
  int64_t width = 0;
};

class ByteResampler {
 public:
  /// For images of one size; `fill`: edge or zero. Reuses its buffers between images.
  ByteResampler(const PlaneSize& size, Fill fill);

  /// from, to: [C, H, W] bytes. The matrix {A_yy, A_yx, t_y, A_xy, A_xx, t_x} is in pixels relative to the centre.
  void resample(const uint8_t* from, const std::array<double, 6>& matrix, uint8_t* to);

 private:
  void pad(const uint8_t* from);

  PlaneSize size_;
  Fill fill_;
  std::vector<uint8_t> padded_;      ///< [C, H + 2, W + 2]
  std::vector<int32_t> places_;      ///< [W], index of the upper left neighbour in the padded plane, for each pixel of
                                     ///< a row
  std::vector<float> down_, right_;  ///< [W], fractional position between the neighbours
  std::vector<uint32_t> words_;      ///< [W], upper left, upper right, lower left and lower right neighbour
};

}  // namespace limbeck
