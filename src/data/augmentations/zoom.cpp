// Zooms images by random factors, height and width each by its own.
//   y_in = z_y · y,  x_in = z_x · x
//   z_y and z_x each in 129 even levels from 1 − amount to 1 + amount, or from low to high
// A factor above 1 shows more of the scene, smaller, and fills beyond the border. As Keras'
// ImageDataGenerator(zoom_range=0.2), or zoom_range=[low, high]. See data/images/affine.h.
//
//   augment: { zoom: 0.2 }
//   augment: { zoom: { low: 0.8, high: 1 } }     # enlarges only

#include <ATen/core/Tensor.h>

#include "data/images/affine.h"

namespace limbeck {
namespace {

struct ZoomOptions {
  double amount = 0.2;
  double low = 0;
  double high = 0;
  Fill fill = Fill::edge;
  void bind(Fields& fields) {
    fields.number("amount", amount, from_below(0, 1), "factors are from 1 - amount to 1 + amount, all equally likely");
    fields.number("low", low, between(0, 10), "smallest factor; 0: 1 - amount");
    fields.number("high", high, between(0, 10), "largest factor; 0: 1 + amount");
    bind_affine_fill(fields, fill);
    fields.require(smallest() <= largest(), "the smallest factor is above the largest");
  }
  double smallest() const { return low > 0 ? low : 1 - amount; }
  double largest() const { return high > 0 ? high : 1 + amount; }
};

std::unique_ptr<Augmentation> make_zoom(const ZoomOptions& options) {
  const auto levels = [&](auto matrix) { return affine_levels(options.smallest(), options.largest(), matrix); };
  const AffineLevels vertical = levels([](double factor) { return AffineMatrix{factor, 0, 0, 0, 1, 0}; });
  const AffineLevels horizontal = levels([](double factor) { return AffineMatrix{1, 0, 0, 0, factor, 0}; });
  return std::make_unique<Affine>(std::vector<AffineLevels>{vertical, horizontal}, options.fill);
}

}  // namespace

void register_zoom(Catalogue& catalogue) {
  catalogue.add<Augmentation, ZoomOptions>(
      Slot::augmentation,
      {.name = "zoom",
       .summary = "Zooms images by random factors, one for the height and one for the width.",
       .source = "Keras, ImageDataGenerator, zoom_range",
       .principal = "amount"},
      make_zoom);
}

}  // namespace limbeck
