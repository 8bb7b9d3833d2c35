// Mirrors images, each with probability 1/2: left and right exchanged, top and bottom, or each of both on its own.
//   view = mirrored horizontally + 2 · mirrored vertically, for the directions that are asked for
//
//   augment: { flip: true }
//   augment: { flip: { horizontal: true, vertical: true } }    # 4 views
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/where.h>

#include <cstring>

#include "core/vectorize.h"
#include "data/augmentation.h"

namespace limbeck {
namespace {

struct FlipOptions {
  bool horizontal = true;
  bool vertical = false;
  void bind(Fields& fields) {
    fields.flag("horizontal", horizontal, "exchange left and right, in half of the views");
    fields.flag("vertical", vertical, "exchange top and bottom, in half of the views");
  }
};

LIMBECK_VECTORIZED
void reverse_row(const uint8_t* __restrict from, uint8_t* __restrict to, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] = from[count - 1 - i];
}

class Flip : public Augmentation {
 public:
  explicit Flip(const FlipOptions& options) : options_(options) {}

  int64_t view_count() const override { return horizontal_views() * (options_.vertical ? 2 : 1); }

  bool add_to(PictureViews& how) const override {
    if (how.horizontal || how.vertical) return false;
    how.horizontal = options_.horizontal;
    how.vertical = options_.vertical;
    return true;
  }

  at::Tensor apply(const at::Tensor& images, const at::Tensor& views) const override {
    if (images.is_cpu() && images.scalar_type() == at::kByte)
      return flip_bytes(images.contiguous(), views.contiguous());
    at::Tensor flipped = images;
    const auto flip_where = [&](const at::Tensor& chosen, int64_t dimension) {
      flipped = at::where(chosen.reshape({-1, 1, 1, 1}), flipped.flip(dimension), flipped);
    };
    if (options_.horizontal) flip_where(views.remainder(2).eq(1), 3);
    if (options_.vertical) flip_where(views.div(horizontal_views(), "floor").eq(1), 2);
    return flipped;
  }

 private:
  int64_t horizontal_views() const { return options_.horizontal ? 2 : 1; }

  /// The same, row by row.
  at::Tensor flip_bytes(const at::Tensor& images, const at::Tensor& views) const {
    const int64_t height = images.size(2), width = images.size(3), rows = images.size(1) * height;
    at::Tensor flipped = at::empty_like(images);
    const auto* view = views.data_ptr<int64_t>();
    at::parallel_for(0, images.size(0), 64, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const bool mirrored = options_.horizontal && view[i] % 2 == 1, upside_down = view[i] / horizontal_views() == 1;
        const uint8_t* from = images.data_ptr<uint8_t>() + i * rows * width;
        uint8_t* to = flipped.data_ptr<uint8_t>() + i * rows * width;
        for (int64_t row = 0; row < rows; ++row) {
          const int64_t source = upside_down ? row - 2 * (row % height) + height - 1 : row;
          if (mirrored)
            reverse_row(from + source * width, to + row * width, width);
          else
            std::memcpy(to + row * width, from + source * width, static_cast<size_t>(width));
        }
      }
    });
    return flipped;
  }

  FlipOptions options_;
};

}  // namespace

void register_flip(Catalogue& catalogue) {
  catalogue.add<Augmentation, FlipOptions>(
      Slot::augmentation,
      {.name = "flip",
       .summary = "Mirrors half of the images, left and right exchanged; vertically too where asked for.",
       .source = "He et al. 2016, section 4.2",
       .principal = "horizontal"},
      [](const FlipOptions& options) { return std::make_unique<Flip>(options); });
}

}  // namespace limbeck
