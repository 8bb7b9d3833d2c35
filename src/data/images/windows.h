#pragma once
// Windows of padded images, the common implementation of random crops and shifts by whole pixels. An image is padded by
// p pixels on each side; its windows have the size of the original image and are numbered in row-major order:
//   view v shows the pixels (y + v / (2p + 1) − p, x + v mod (2p + 1) − p) of the image
//
//   at::Tensor views = at::tensor({0, 12});                     // of 25 for p = 2
//   at::Tensor windows = windows_of(images, views, {.padding = 2});  // moved down and right by 2; and the image itself

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "data/augmentation.h"
#include "data/images/fill.h"

namespace limbeck {

struct Padding {
  int64_t padding = 0;  ///< p, in pixels
  Fill fill = Fill::zero;

  int64_t side() const { return 2 * padding + 1; }
  int64_t window_count() const { return side() * side(); }
};

/// Images [N, C, H, W] of any type, views [N] int64 → [N, C, H, W] of the same type. Throws Error if the images are too
/// small for reflection padding by p pixels.
at::Tensor windows_of(const at::Tensor& images, const at::Tensor& views, const Padding& padding);

/// Selects one window of each image: a random crop or shift.
class RandomWindow : public Augmentation {
 public:
  explicit RandomWindow(const Padding& padding) : padding_(padding) {}

  int64_t view_count() const override { return padding_.window_count(); }
  at::Tensor apply(const at::Tensor& images, const at::Tensor& views) const override {
    return windows_of(images, views, padding_);
  }
  bool add_to(PictureViews& how) const override;

 private:
  Padding padding_;
};

}  // namespace limbeck
