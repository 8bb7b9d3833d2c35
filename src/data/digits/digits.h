#pragma once
// Built-in synthetic handwritten digits, so that everything can be tried without downloading data.
//
// Each image is a digit 0 to 9 in white ink on black, 28 x 28 pixels of 8 bits, 16 to 21 pixels at its longest, like
// MNIST's. The strokes of one of several ways to write the digit (see digit_strokes.h) are blended with another style
// or, part of the way, with a digit that it may be confused with; deformed by a smooth displacement field; stretched,
// slanted, rotated and projected in perspective; drawn by a pen with varying pressure; and corrupted by gaps, stray
// strokes, specks and noise. The label is the intended digit.
//
// Each writer has a personal style, and the writers of the test split differ from those of the train split. So a
// network can overfit the train split and fail on the test split, as with real handwriting.
//
// An image is a deterministic function of (seed, split, id) and the options: it does not depend on the number of images
// or threads. Ten consecutive ids, starting at a multiple of ten, are one writer's ten digits in random order. Images
// are not guaranteed to be bit-identical between machines whose math functions round differently.
//
//   const DigitImages train = draw_digits({.seed = 1, .count = 60000, .split = 0});
//   const DigitImages test = draw_digits({.seed = 1, .count = 10000, .split = 1});
//   const uint8_t* image = train.pixels.data() + 17 * kDigitPixels;  // the 28 rows of example 17
#include <cstdint>
#include <vector>

namespace limbeck {

inline constexpr int kDigitSide = 28;  // pixels
inline constexpr int kDigitPixels = kDigitSide * kDigitSide;

struct DigitImages {
  std::vector<uint8_t> pixels;  ///< [count, 28, 28], 0 = black, 255 = full ink
  std::vector<uint8_t> labels;  ///< [count], 0 to 9
};

/// What to draw, and how much to distort it. Each distortion may be 0. With the defaults, two or three images in a
/// hundred are ambiguous, and accuracy separates large networks from small ones.
struct DigitOptions {
  uint64_t seed = 0;
  int count = 0;       ///< images; their ids are 0 to count - 1
  uint32_t split = 0;  ///< 0 train, 1 test; splits never share an image

  int writers = 200;          ///< in each split; test has other writers than train
  float consistency = 0.85F;  ///< fraction of the variance of everything below that is shared by a writer's digits, in
                              ///< [0, 1]
  float lookalikes = 0.4F;    ///< fraction of images that are blended towards another digit, in [0, 1]
  float ambiguity = 0.8F;     ///< maximum amount of that blending; at 1 the image could be either digit
  float slant = 0.25F;        ///< standard deviation of the horizontal shear, in widths per height
  float rotation = 9.0F;      ///< standard deviation in degrees
  float stretch = 0.16F;      ///< standard deviation of log(width / height)
  float perspective = 0.18F;  ///< standard deviation of the change of size across the digit, per height
  float bending = 0.035F;     ///< standard deviation of the displacement of points, in heights of the digit
  float shift = 1.2F;         ///< standard deviation of the position of the digit, in pixels
  float clutter = 0.1F;       ///< probability of a stray stroke; likewise of specks, and of a gap in the writing
  float noise = 0.05F;        ///< largest standard deviation of the noise of a pixel, 1 = full ink
};

/// Draws the images, using all OpenMP threads. Throws Error for a negative count or an option out of range.
DigitImages draw_digits(const DigitOptions& options);

}  // namespace limbeck
