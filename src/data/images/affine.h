#pragma once
// Affine augmentations: rotation, shear, zoom and translation about the image's centre, as in Keras' ImageDataGenerator
// (keras.preprocessing.image.apply_affine_transform). A matrix says where the pixel of the new image is taken from:
//   (y_in, x_in) = A (y, x) + (t_y H, t_x W)      in pixels from the centre ((H − 1)/2, (W − 1)/2)
// Pixels between pixels are interpolated bilinearly; bytes are rounded to the nearest. What is applied first stands
// leftmost in the product of matrices, so that adjacent affine augmentations are one matrix and pixels are resampled
// once: `augment: { rotation: 15, translation: 0.1, shear: 5, zoom: 0.2 }` is Keras' rotation · shift · shear · zoom.
// Unlike a sequence of images, nothing is lost that leaves the frame in between.
//
// Each parameter has 129 evenly spaced levels, both ends and the middle among them, so that views are numbers: one
// level of ±15° is a quarter of a degree, of ±10 % of 64 pixels a tenth of a pixel.
//
//   Affine rotation({affine_levels(-15, 15, [](double degrees) { return …; })}, Fill::edge);
//   at::Tensor rotated = rotation.apply(images, views);   // [N, C, H, W], views in {0, …, 128}

#include <ATen/core/Tensor.h>

#include <array>
#include <vector>

#include "data/augmentation.h"
#include "data/images/fill.h"

namespace limbeck {

/// {A_yy, A_yx, t_y, A_xy, A_xx, t_x}; t in fractions of height and width.
using AffineMatrix = std::array<double, 6>;
/// The matrix of each level of one parameter.
using AffineLevels = std::vector<AffineMatrix>;

constexpr int64_t kAffineLevels = 129;

/// `matrix` of 129 evenly spaced values from low to high.
template <class Matrix>
AffineLevels affine_levels(double low, double high, Matrix matrix) {
  AffineLevels levels;
  for (int64_t i = 0; i < kAffineLevels; ++i)
    levels.push_back(matrix(low + (high - low) * static_cast<double>(i) / (kAffineLevels - 1)));
  return levels;
}

/// The option `fill`, which affine augmentations share.
void bind_affine_fill(Fields& fields, Fill& fill);

class Affine : public Augmentation {
 public:
  /// One table of levels for each parameter, the leftmost matrix first. A view numbers the levels in mixed radix, the
  /// first parameter's being the lowest digit. `fill` is edge or zero.
  Affine(std::vector<AffineLevels> parameters, Fill fill) : parameters_(std::move(parameters)), fill_(fill) {}

  int64_t view_count() const override;
  at::Tensor apply(const at::Tensor& images, const at::Tensor& views) const override;

  Fill fill() const { return fill_; }
  /// Applies another one after this one; its parameters are the higher digits of the view.
  void append(const Affine& next);

 private:
  at::Tensor resample(const at::Tensor& images, const at::Tensor& views) const;
  at::Tensor resample_bytes(const at::Tensor& images, const at::Tensor& views) const;
  at::Tensor matrices(const at::Tensor& views, int64_t height, int64_t width) const;
  AffineMatrix matrix(int64_t view, int64_t height, int64_t width) const;

  std::vector<AffineLevels> parameters_;
  Fill fill_;
};

}  // namespace limbeck
