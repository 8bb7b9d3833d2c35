// Cutout: a square of each image is blotted out (DeVries and Taylor 2017, "Improved regularization of convolutional
// neural networks with cutout").
//   the square [cy − s/2, cy − s/2 + s) × [cx − s/2, cx − s/2 + s), clipped at the border;
//   (cy, cx) a pixel, all equally likely
// The number of views may not depend on the images' size, so the centre is drawn from a grid of 448 × 448 relative
// positions: pixel ⌊H g / 448⌋ of H. 448 is a multiple of 7, 14, 16, 28, 32, 56, 64, 112 and 224, where all pixels are
// equally likely to the last digit; for other sizes below 448 some are hit by one grid line more than others. The
// paper's zeros are those of normalized images, the data set's mean. `fill: mean` takes each image's own mean, per
// channel; `fill: zero` is black.
//
//   augment: { crop: 4, flip: true, cutout: { size: 16 } }     # the paper's setting on CIFAR-10
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cstring>

#include "data/augmentation.h"

namespace limbeck {
namespace {

enum class Patch { zero, mean };

struct CutoutOptions {
  int64_t size = 8;
  Patch fill = Patch::zero;
  void bind(Fields& fields) {
    fields.integer("size", size, between(1, 4096), "side of the square in pixels; it may reach over the border");
    fields.choice<Patch>("fill", fill, {{"zero", Patch::zero}, {"mean", Patch::mean}},
                         "what the square is filled with: black, or the mean of the image's channel");
  }
};

class Cutout : public Augmentation {
 public:
  explicit Cutout(const CutoutOptions& options) : options_(options) {}

  int64_t view_count() const override { return kGrid * kGrid; }

  at::Tensor apply(const at::Tensor& images, const at::Tensor& views) const override {
    const bool fast = options_.fill == Patch::zero && images.is_cpu() && images.scalar_type() == at::kByte;
    if (fast) return cut_bytes(images.contiguous(), views.contiguous());
    const at::Tensor rows = inside(views.div(kGrid, "floor"), images.size(2)).unsqueeze(2);  // [N, H, 1]
    const at::Tensor columns = inside(views.remainder(kGrid), images.size(3)).unsqueeze(1);  // [N, 1, W]
    const at::Tensor square = rows.logical_and(columns).unsqueeze(1);                        // [N, 1, H, W]
    return at::where(square, patch(images), images);
  }

 private:
  static constexpr int64_t kGrid = 448;

  /// Whether each of n places lies in the square whose centre has these grid numbers [N]: [N, n].
  at::Tensor inside(const at::Tensor& grid, int64_t n) const {
    const at::Tensor first = (grid * n).div(kGrid, "floor").unsqueeze(1) - options_.size / 2;
    const at::Tensor places = at::arange(n, grid.options()).unsqueeze(0);
    return places.ge(first).logical_and(places.lt(first + options_.size));
  }

  at::Tensor patch(const at::Tensor& images) const {
    if (options_.fill == Patch::zero) return at::zeros({1, 1, 1, 1}, images.options());
    const at::Tensor mean = images.to(at::kFloat).mean({2, 3}, /*keepdim=*/true);
    return (images.is_floating_point() ? mean : mean.round()).to(images.scalar_type());
  }

  /// Zeros, row by row.
  at::Tensor cut_bytes(const at::Tensor& images, const at::Tensor& views) const {
    const int64_t planes = images.size(1), height = images.size(2), width = images.size(3);
    at::Tensor cut = images.clone();
    const auto* view = views.data_ptr<int64_t>();
    auto* pixels = cut.data_ptr<uint8_t>();
    at::parallel_for(0, images.size(0), 64, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t top = view[i] / kGrid * height / kGrid - options_.size / 2;
        const int64_t left = view[i] % kGrid * width / kGrid - options_.size / 2;
        const int64_t first = std::max<int64_t>(left, 0), last = std::min(left + options_.size, width);
        for (int64_t plane = i * planes; plane < (i + 1) * planes; ++plane)
          for (int64_t y = std::max<int64_t>(top, 0); y < std::min(top + options_.size, height); ++y)
            std::memset(pixels + (plane * height + y) * width + first, 0, static_cast<size_t>(last - first));
      }
    });
    return cut;
  }

  CutoutOptions options_;
};

}  // namespace

void register_cutout(Catalogue& catalogue) {
  catalogue.add<Augmentation, CutoutOptions>(
      Slot::augmentation,
      {.name = "cutout",
       .summary = "Blots out a square around a random pixel of each image.",
       .source = "DeVries and Taylor 2017",
       .principal = "size"},
      [](const CutoutOptions& options) { return std::make_unique<Cutout>(options); });
}

}  // namespace limbeck
