#pragma once
// Affine augmentations: rotation, shear, zoom and translation about the image's centre, as in Keras' ImageDataGenerator
// (keras.preprocessing.image.apply_affine_transform). A matrix maps output coordinates to input coordinates:
//   (y_in, x_in) = A (y, x) + (t_y H, t_x W)      in pixels from the centre ((H − 1)/2, (W − 1)/2)
// Values are interpolated bilinearly; bytes are rounded to nearest. The augmentation applied first is leftmost in the
// matrix product, so that adjacent affine augmentations are one matrix and pixels are resampled once. Keras' rotation ·
// shift · shear · zoom is `augment: { rotation: 15, translation: 0.1, shear: 5, zoom: 0.2 }`. Unlike with repeated
// resampling, pixels that leave the frame in an intermediate step are not lost.
//
// Each parameter has 129 evenly spaced levels, including both ends and the middle, so that views can be numbered: for
// ±15° the step is about a quarter of a degree, for ±10 % of 64 pixels a tenth of a pixel.
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
/// The matrices of the levels of one parameter.
using AffineLevels = std::vector<AffineMatrix>;

constexpr int64_t kAffineLevels = 129;

/// Returns matrix(value) for 129 evenly spaced values from low to high.
template <class Matrix>
AffineLevels affine_levels(double low, double high, Matrix matrix) {
  AffineLevels levels;
  for (int64_t i = 0; i < kAffineLevels; ++i)
    levels.push_back(matrix(low + (high - low) * static_cast<double>(i) / (kAffineLevels - 1)));
  return levels;
}

/// Binds the option `fill`, shared by the affine augmentations.
void bind_affine_fill(Fields& fields, Fill& fill);

class Affine : public Augmentation {
 public:
  /// `parameters`: one table of levels for each parameter, the leftmost matrix first. A view encodes the levels in
  /// mixed radix, with the first parameter as the lowest digit. `fill`: edge or zero.
  Affine(std::vector<AffineLevels> parameters, Fill fill) : parameters_(std::move(parameters)), fill_(fill) {}

  int64_t view_count() const override;
  at::Tensor apply(const at::Tensor& images, const at::Tensor& views) const override;

  Fill fill() const { return fill_; }
  /// Appends another augmentation, applied after this one; its parameters become the higher digits of the view.
  void append(const Affine& next);

 private:
  at::Tensor resample(const at::Tensor& images, const at::Tensor& views) const;
  at::Tensor resample_bytes(const at::Tensor& images, const at::Tensor& views) const;
  at::Tensor matrices(const at::Tensor& views, int64_t height, int64_t width) const;
  AffineMatrix matrix(int64_t view, int64_t height, int64_t width) const;

  /// The matrices of each parameter's levels, [levels, 3, 3], for images of one size on one device: made once, since
  /// captured work may copy nothing to a device.
  struct Tables {
    std::vector<at::Tensor> of;
    at::Device device = at::kCPU;
    int64_t height = 0, width = 0;
  };
  const std::vector<at::Tensor>& tables_on(at::Device device, int64_t height, int64_t width) const;

  std::vector<AffineLevels> parameters_;
  Fill fill_;
  mutable Tables tables_;
};

}  // namespace limbeck
