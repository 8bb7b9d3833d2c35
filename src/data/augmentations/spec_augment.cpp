// SpecAugment: blocks of frequencies and of times of a spectrogram are masked (Park et al. 2019, "SpecAugment: a simple
// data augmentation method for automatic speech recognition", sections 2.2 and 2.3, without time warping).
//   frequency mask   width f uniform in {0, …, F}, first band f0 uniform in {0, …, bands − f}
//   time mask        width t uniform in {0, …, T}, first frame t0 uniform in {0, …, frames − t}
// each `masks` times; what is masked becomes 0, the mean of normalized features. An example is one frame with its
// context, of which these are the frames.
//
// The number of views may not depend on the examples' size, so a start is drawn from a grid of 840 relative places,
// ⌊(n − width + 1) g / 840⌋: all starts are equally likely, to one part in 20 where there are 42 of them.
//
//   augment: { spec_augment: { bands: 8, frames: 8, masks: 2 } }
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>

#include "data/augmentation.h"

namespace limbeck {
namespace {

struct SpecAugmentOptions {
  int64_t bands = 8, frames = 8, masks = 1;
  void bind(Fields& fields) {
    fields.integer("bands", bands, between(0, 64), "F, most frequency bands that a mask covers");
    fields.integer("frames", frames, between(0, 64), "T, most frames that a mask covers");
    fields.integer("masks", masks, between(1, 2), "masks of each kind");
  }
};

class SpecAugment : public Augmentation {
 public:
  explicit SpecAugment(const SpecAugmentOptions& options) : options_(options) {}

  int64_t dimensions() const override { return 3; }
  int64_t view_count() const override {
    const int64_t once = (options_.bands + 1) * (options_.frames + 1) * kGrid * kGrid;
    return options_.masks == 1 ? once : once * once;
  }

  at::Tensor apply(const at::Tensor& spectrograms, const at::Tensor& views) const override {
    at::Tensor result = spectrograms, rest = views;
    const auto next = [&](int64_t count) {
      at::Tensor digit = rest.remainder(count);
      rest = rest.div(count, "floor");
      return digit;
    };
    for (int64_t mask = 0; mask < options_.masks; ++mask) {
      const at::Tensor bands = next(options_.bands + 1), first_band = next(kGrid);
      const at::Tensor frames = next(options_.frames + 1), first_frame = next(kGrid);
      result = result.masked_fill(covered(spectrograms.size(2), bands, first_band).unsqueeze(1), 0);
      result = result.masked_fill(covered(spectrograms.size(1), frames, first_frame).unsqueeze(2), 0);
    }
    return result;
  }

 private:
  static constexpr int64_t kGrid = 840;

  /// Whether each of n places is covered by the mask of a width [N] that begins at a place of the grid [N]: [N, n].
  static at::Tensor covered(int64_t n, const at::Tensor& width, const at::Tensor& grid) {
    const at::Tensor fits = width.clamp_max(n);
    const at::Tensor first = ((n + 1 - fits) * grid).div(kGrid, "floor");
    const at::Tensor places = at::arange(n, grid.options()).unsqueeze(0);
    return places.ge(first.unsqueeze(1)).logical_and(places.lt((first + fits).unsqueeze(1)));
  }

  SpecAugmentOptions options_;
};

}  // namespace

void register_spec_augment(Catalogue& catalogue) {
  catalogue.add<Augmentation, SpecAugmentOptions>(
      Slot::augmentation,
      {.name = "spec_augment",
       .summary = "Masks blocks of frequency bands and of frames of recordings.",
       .source = "Park et al. 2019"},
      [](const SpecAugmentOptions& options) { return std::make_unique<SpecAugment>(options); });
}

}  // namespace limbeck
