#pragma once
// Bilinear resampling of one image of bytes on the CPU: the fast path of affine augmentations.
//
// A row of the new image is made in steps that are each a plain loop: where its pixels come from (once for all
// channels), the four neighbours of each place as one 32-bit word, and the words blended. Around the image lies a rim
// of fill, so that every place has four neighbours. Its oracle is Affine's path of tensor operations, from which it
// differs by at most one level.
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
  /// For images of one size; `fill` is edge or zero. Keeps its buffers from image to image.
  ByteResampler(const PlaneSize& size, Fill fill);

  /// from, to: [C, H, W] bytes. The matrix {A_yy, A_yx, t_y, A_xy, A_xx, t_x} is in pixels from the centre.
  void resample(const uint8_t* from, const std::array<double, 6>& matrix, uint8_t* to);

 private:
  void pad(const uint8_t* from);

  PlaneSize size_;
  Fill fill_;
  std::vector<uint8_t> padded_;      ///< [C, H + 2, W + 2]
  std::vector<int32_t> places_;      ///< [W], of a row's pixels in a padded plane: of the upper left neighbour
  std::vector<float> down_, right_;  ///< [W], how far on between the neighbours
  std::vector<uint32_t> words_;      ///< [W], upper left, upper right, lower left and lower right neighbour
};

}  // namespace limbeck
