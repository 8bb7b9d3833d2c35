// Shifts an image by a whole number of pixels in each direction, filling with zeros: the jitter of Hinton et al. 2015,
// section 3 ("the input images were jittered by up to two pixels in any direction").
#include <torch/types.h>

#include "data/augmentation.h"

namespace limbeck {
namespace {

struct ShiftOptions {
  int64_t pixels = 2;
  void bind(Fields& fields) {
    fields.integer("pixels", pixels, between(0, 64), "largest shift along each axis; all shifts are equally likely");
  }
};

class Shift : public Augmentation {
 public:
  explicit Shift(const ShiftOptions& options) : pixels_(options.pixels) {}

  int64_t view_count() const override { return side() * side(); }

  torch::Tensor apply(const torch::Tensor& images, const torch::Tensor& views) const override {
    const int64_t height = images.size(2), width = images.size(3);
    const torch::Tensor padded = torch::constant_pad_nd(images, {pixels_, pixels_, pixels_, pixels_});
    // windows [N, C, side, side, H, W] shares the padded image's memory: the window at (y, x) starts at that pixel.
    const torch::Tensor windows = padded.unfold(2, height, 1).unfold(3, width, 1);
    const torch::Tensor rows = torch::arange(images.size(0), views.options());
    return windows.permute({0, 2, 3, 1, 4, 5}).index({rows, views.div(side(), "floor"), views.remainder(side())});
  }

 private:
  int64_t side() const { return 2 * pixels_ + 1; }
  int64_t pixels_;
};

}  // namespace

void register_shift(Catalogue& catalogue) {
  catalogue.add<Augmentation, ShiftOptions>(
      Slot::augmentation,
      {.name = "shift",
       .summary = "Shifts images by a random whole number of pixels along each axis, filling with zeros.",
       .source = "Hinton et al. 2015, section 3",
       .principal = "pixels"},
      [](const ShiftOptions& options) { return std::make_unique<Shift>(options); });
}

}  // namespace limbeck
