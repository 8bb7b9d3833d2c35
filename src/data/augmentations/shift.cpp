// Shifts an image by a whole number of pixels in each direction, filling with zeros: the jitter of Hinton et al. 2015,
// section 3 ("the input images were jittered by up to two pixels in any direction"). It is a random crop after padding.

#include <ATen/core/Tensor.h>

#include "data/images/windows.h"

namespace limbeck {
namespace {

struct ShiftOptions {
  int64_t pixels = 2;
  void bind(Fields& fields) {
    fields.integer("pixels", pixels, between(0, 64), "largest shift along each axis; all shifts are equally likely");
  }
};

}  // namespace

void register_shift(Catalogue& catalogue) {
  catalogue.add<Augmentation, ShiftOptions>(
      Slot::augmentation,
      {.name = "shift",
       .summary = "Shifts images by a random whole number of pixels along each axis, filling with zeros.",
       .source = "Hinton et al. 2015, section 3",
       .principal = "pixels"},
      [](const ShiftOptions& options) {
        return std::make_unique<RandomWindow>(Padding{.padding = options.pixels, .fill = Fill::zero});
      });
}

}  // namespace limbeck
