#pragma once
// Bilinear resampling of one image of bytes on the CPU: the fast path of affine augmentations.
//
// The four neighbours of a place are fetched at once: a plane is first packed into 32-bit words, each of which holds a pixel and
// those to its right, below and both, with one row and column of fill around. A row of the new image is then a gather of words
// and a few vector operations. Its oracle is Affine's path of tensor operations, from which it differs by at most one level.
#include <array>
#include <cstdint>
#include <vector>

#include "data/fill.h"

namespace limbeck {

struct ImageSize {
  int64_t channels = 1;
  int64_t height = 0;
  int64_t width = 0;
};

class ByteResampler {
 public:
  /// For images of one size; `fill` is edge or zero. Keeps its buffers from image to image.
  ByteResampler(const ImageSize& size, Fill fill);

  /// from, to: [C, H, W] bytes. The matrix {A_yy, A_yx, t_y, A_xy, A_xx, t_x} is in pixels from the centre.
  void resample(const uint8_t* from, const std::array<double, 6>& matrix, uint8_t* to);

 private:
  void pack(const uint8_t* from);

  ImageSize size_;
  Fill fill_;
  std::vector<uint8_t> padded_;   ///< one plane [H + 2, W + 2]
  std::vector<uint32_t> words_;   ///< [C, H + 1, W + 1]
  std::vector<int32_t> places_;   ///< [W], of a row's pixels in a plane of words
  std::vector<float> down_, right_;  ///< [W], how far between two pixels
};

}  // namespace limbeck
