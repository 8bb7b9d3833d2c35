#pragma once
// Image resizing, bit-identical to Pillow's `Image.resize(size, BILINEAR)`, which torchvision's Resize calls for a PIL
// image. Along each axis, an output pixel is the weighted mean of the input pixels under a triangle filter of
// half-width max(1, in / out) around its centre, with fixed-point weights of 22 fractional bits. First the rows are
// resized and rounded to bytes, then the columns.
//
//   Resizer resizer({32, 32}, ResizeMode::crop, 3);
//   resizer.begin({240, 320}, {240, 320}, 1);
//   resizer.add_rows(rows, 240);              // [240, 320, 4], all at once or in parts
//   resizer.finish(pixels);                   // [3, 32, 32]
#include <cstdint>
#include <vector>

#include "data/images/image_decoder.h"

namespace limbeck {

enum class ResizeMode {
  crop,     ///< scale the shorter side to the target, then crop the centre: torchvision's Resize and CenterCrop
  stretch,  ///< scale both sides to the target, ignoring the aspect ratio
};

/// Position of the target in the scaled image.
struct Placement {
  ImageSize scaled;  ///< covers the target
  int64_t top = 0, left = 0;
};

/// For a target that is not square, `crop` scales by the larger of the two ratios.
Placement place(ImageSize picture, ImageSize target, ResizeMode mode);

/// Input pixels and weights, in units of 2^-22, for each output pixel of an axis.
struct AxisWeights {
  int64_t taps = 0;              ///< weights per output pixel; the last may be unused
  std::vector<int64_t> first;    ///< [n] first input pixel
  std::vector<int64_t> count;    ///< [n] input pixels
  std::vector<int32_t> weights;  ///< [n, taps]
};

/// Returns the weights for the output pixels `from` to `from + n` − 1, for an axis of `in` pixels scaled to `out`.
/// `extent`: length that is scaled, in input pixels: `in`, or slightly less if the last pixel is partly outside the
/// image.
AxisWeights triangle_weights(int64_t in, double extent, int64_t out, int64_t from, int64_t n);

/// Resizes images one after the other and reuses its buffers.
class Resizer {
 public:
  /// `channels`: 3, or 1 for luminance, (19595 R + 38470 G + 7471 B) / 65536 as Pillow's convert("L") has it, of the
  /// resized image.
  Resizer(ImageSize target, ResizeMode mode, int64_t channels);

  /// Starts an image whose rows are decoded at 1/`reduction` of its size.
  void begin(ImageSize picture, ImageSize decoded, int64_t reduction);
  /// Adds the next rows, [count, decoded width, 4].
  void add_rows(const uint8_t* rows, int64_t count);
  /// Call after the last row; writes [channels, height, width].
  void finish(uint8_t* pixels);

 private:
  /// Resizes up to 16 rows to the width of the target.
  void narrow(const uint8_t* rows, int64_t count, uint8_t* out);

  ImageSize target_;
  ResizeMode mode_;
  int64_t channels_;
  int64_t decoded_width_ = 0;
  AxisWeights across_, down_;
  int64_t next_row_ = 0;          ///< of the decoded image
  int64_t top_ = 0, bottom_ = 0;  ///< range of decoded rows that are used: [top, bottom)
  std::vector<uint8_t> columns_;  ///< [decoded width, 16, 4]
  std::vector<uint8_t> narrow_;   ///< [bottom − top, target width, 4]
  std::vector<int32_t> sums_;     ///< [target width, 4]
  std::vector<uint8_t> row_;      ///< [target width, 4]
};

}  // namespace limbeck
