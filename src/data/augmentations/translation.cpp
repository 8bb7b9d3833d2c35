// Moves images by random fractions of their height and width; for whole pixels see `shift` and `crop`.
//   y_in = y + f_y · H,  x_in = x + f_x · W,  f_y and f_x each in 129 even levels from −fraction to fraction
// As Keras' ImageDataGenerator(width_shift_range=0.1, height_shift_range=0.1). See data/images/affine.h.
//
//   augment: { translation: 0.1 }

#include <ATen/core/Tensor.h>

#include "data/images/affine.h"

namespace limbeck {
namespace {

struct TranslationOptions {
  double fraction = 0.1;
  Fill fill = Fill::edge;
  void bind(Fields& fields) {
    fields.number("fraction", fraction, between(0, 1), "largest move along each axis, as a part of the image's side");
    bind_affine_fill(fields, fill);
  }
};

std::unique_ptr<Augmentation> make_translation(const TranslationOptions& options) {
  const auto levels = [&](auto matrix) { return affine_levels(-options.fraction, options.fraction, matrix); };
  const AffineLevels vertical = levels([](double part) { return AffineMatrix{1, 0, part, 0, 1, 0}; });
  const AffineLevels horizontal = levels([](double part) { return AffineMatrix{1, 0, 0, 0, 1, part}; });
  return std::make_unique<Affine>(std::vector<AffineLevels>{vertical, horizontal}, options.fill);
}

}  // namespace

void register_translation(Catalogue& catalogue) {
  catalogue.add<Augmentation, TranslationOptions>(
      Slot::augmentation,
      {.name = "translation",
       .summary = "Moves images by random fractions of their height and width, between pixels too.",
       .source = "Keras, ImageDataGenerator, height_shift_range and width_shift_range",
       .principal = "fraction"},
      make_translation);
}

}  // namespace limbeck
