// Shifts an image by a whole number of pixels in each direction, filling with zeros: the jitter of Hinton et al. 2015,
// section 3 ("the input images were jittered by up to two pixels in any direction").
#include <ATen/Parallel.h>
#include <torch/types.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

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
    if (images.is_cpu() && images.scalar_type() == torch::kUInt8) return shift_bytes(images.contiguous(), views.contiguous());
    const int64_t height = images.size(2), width = images.size(3);
    const torch::Tensor padded = torch::constant_pad_nd(images, {pixels_, pixels_, pixels_, pixels_});
    // windows [N, C, side, side, H, W] shares the padded image's memory: the window at (y, x) starts at that pixel.
    const torch::Tensor windows = padded.unfold(2, height, 1).unfold(3, width, 1);
    const torch::Tensor rows = torch::arange(images.size(0), views.options());
    return windows.permute({0, 2, 3, 1, 4, 5}).index({rows, views.div(side(), "floor"), views.remainder(side())});
  }

 private:
  /// The same, row by row.
  torch::Tensor shift_bytes(const torch::Tensor& images, const torch::Tensor& views) const {
    const int64_t planes = images.size(1), height = images.size(2), width = images.size(3);
    torch::Tensor shifted = torch::zeros_like(images);
    const auto* view = views.data_ptr<int64_t>();
    const auto* from = images.data_ptr<uint8_t>();
    auto* to = shifted.data_ptr<uint8_t>();
    at::parallel_for(0, images.size(0), 64, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t down = view[i] / side() - pixels_, right = view[i] % side() - pixels_;  // of the window
        const int64_t first = std::max<int64_t>(-right, 0), count = width - std::abs(right);
        if (count <= 0) continue;
        for (int64_t plane = i * planes; plane < (i + 1) * planes; ++plane)
          for (int64_t y = std::max<int64_t>(-down, 0); y < std::min(height, height - down); ++y)
            std::memcpy(to + (plane * height + y) * width + first, from + (plane * height + y + down) * width + first + right,
                        static_cast<size_t>(count));
      }
    });
    return shifted;
  }

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
