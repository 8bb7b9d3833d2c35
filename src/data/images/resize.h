#pragma once
// Pictures brought to one size, bit for bit as Pillow's `Image.resize(size, BILINEAR)` does it, which is what
// torchvision's Resize calls for a picture: along each axis an output pixel is the mean of the input pixels under a
// triangle of half-width max(1, in / out) around its centre, with weights of 22 bits after the point; first the rows
// are resized and rounded to bytes, then the columns.
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
  crop,  ///< the shorter side is scaled to the target, then the middle is cut out: torchvision's Resize and CenterCrop
  stretch,  ///< both sides are scaled to the target, whatever becomes of the proportions
};

/// Where the target lies in the scaled picture.
struct Placement {
  ImageSize scaled;  ///< covers the target
  int64_t top = 0, left = 0;
};

/// For a target that is not square, `crop` scales by the larger of the two ratios.
Placement place(ImageSize picture, ImageSize target, ResizeMode mode);

/// For each output pixel of an axis the input pixels that it is made of, and their weights, in units of 2^-22.
struct AxisWeights {
  int64_t taps = 0;              ///< weights per output pixel, of which the last may be unused
  std::vector<int64_t> first;    ///< [n] first input pixel
  std::vector<int64_t> count;    ///< [n] input pixels
  std::vector<int32_t> weights;  ///< [n, taps]
};

/// The output pixels `from` to `from + n` − 1 of `out` that an axis of `in` pixels is scaled to. `extent` is what is
/// scaled, in input pixels: `in`, or a little less where the last pixel is half outside.
AxisWeights triangle_weights(int64_t in, double extent, int64_t out, int64_t from, int64_t n);

/// Resizes one picture after the other; keeps its memory between them.
class Resizer {
 public:
  /// `channels`: 3, or 1 for luminance, (19595 R + 38470 G + 7471 B) / 65536 as Pillow's convert("L") has it, of the
  /// resized picture.
  Resizer(ImageSize target, ResizeMode mode, int64_t channels);

  /// A picture whose rows come decoded at 1/`reduction` of its size.
  void begin(ImageSize picture, ImageSize decoded, int64_t reduction);
  /// The next rows, [count, decoded width, 4].
  void add_rows(const uint8_t* rows, int64_t count);
  /// After the last row: writes [channels, height, width].
  void finish(uint8_t* pixels);

 private:
  /// Makes up to 16 rows as wide as the target.
  void narrow(const uint8_t* rows, int64_t count, uint8_t* out);

  ImageSize target_;
  ResizeMode mode_;
  int64_t channels_;
  int64_t decoded_width_ = 0;
  AxisWeights across_, down_;
  int64_t next_row_ = 0;          ///< of the decoded picture
  int64_t top_ = 0, bottom_ = 0;  ///< the decoded rows that are needed: [top, bottom)
  std::vector<uint8_t> columns_;  ///< [decoded width, 16, 4]
  std::vector<uint8_t> narrow_;   ///< [bottom − top, target width, 4]
  std::vector<int32_t> sums_;     ///< [target width, 4]
  std::vector<uint8_t> row_;      ///< [target width, 4]
};

}  // namespace limbeck
