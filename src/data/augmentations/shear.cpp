// Shears images by a random angle: rows slide sideways, the further from the centre the further.
//   y_in = cos s · y,  x_in = x − sin s · y,  s in 129 even levels from −degrees to degrees
// As Keras' ImageDataGenerator(shear_range=…), which is in degrees since Keras 2.2: shear_range=0.1 hardly moves a
// pixel. Before, it was in radians: 0.1 was 5.7 degrees. See data/images/affine.h.
//
//   augment: { shear: 5.7 }

#include <ATen/core/Tensor.h>

#include <cmath>
#include <numbers>

#include "data/images/affine.h"

namespace limbeck {
namespace {

struct ShearOptions {
  double degrees = 5;
  Fill fill = Fill::edge;
  void bind(Fields& fields) {
    fields.number("degrees", degrees, between(0, 80), "largest angle, either way; all angles are equally likely");
    bind_affine_fill(fields, fill);
  }
};

std::unique_ptr<Augmentation> make_shear(const ShearOptions& options) {
  const auto matrix = [](double degrees) {
    const double angle = degrees * std::numbers::pi / 180;
    return AffineMatrix{std::cos(angle), 0, 0, -std::sin(angle), 1, 0};
  };
  return std::make_unique<Affine>(std::vector<AffineLevels>{affine_levels(-options.degrees, options.degrees, matrix)},
                                  options.fill);
}

}  // namespace

void register_shear(Catalogue& catalogue) {
  catalogue.add<Augmentation, ShearOptions>(Slot::augmentation,
                                            {.name = "shear",
                                             .summary = "Shears images by a random angle.",
                                             .source = "Keras, ImageDataGenerator, shear_range",
                                             .principal = "degrees"},
                                            make_shear);
}

}  // namespace limbeck
