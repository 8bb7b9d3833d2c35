// Rotates images about their centre by a random angle, counter-clockwise where it is positive.
//   y_in = cos θ · y + sin θ · x,  x_in = −sin θ · y + cos θ · x,  θ in 129 even levels from −degrees to degrees
// As Keras' ImageDataGenerator(rotation_range=15), whose angles are any between. See data/images/affine.h.
//
//   augment: { rotation: 15 }

#include <ATen/core/Tensor.h>

#include <cmath>
#include <numbers>

#include "data/images/affine.h"

namespace limbeck {
namespace {

struct RotationOptions {
  double degrees = 15;
  Fill fill = Fill::edge;
  void bind(Fields& fields) {
    fields.number("degrees", degrees, between(0, 180), "largest angle, either way; all angles are equally likely");
    bind_affine_fill(fields, fill);
  }
};

std::unique_ptr<Augmentation> make_rotation(const RotationOptions& options) {
  const auto matrix = [](double degrees) {
    const double angle = degrees * std::numbers::pi / 180, cosine = std::cos(angle), sine = std::sin(angle);
    return AffineMatrix{cosine, sine, 0, -sine, cosine, 0};
  };
  return std::make_unique<Affine>(std::vector<AffineLevels>{affine_levels(-options.degrees, options.degrees, matrix)},
                                  options.fill);
}

}  // namespace

void register_rotation(Catalogue& catalogue) {
  catalogue.add<Augmentation, RotationOptions>(Slot::augmentation,
                                               {.name = "rotation",
                                                .summary = "Rotates images about their centre by a random angle.",
                                                .source = "Keras, ImageDataGenerator, rotation_range",
                                                .principal = "degrees"},
                                               make_rotation);
}

}  // namespace limbeck
