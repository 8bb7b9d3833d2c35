// Random crops of the padded image, of the image's own size: the standard augmentation of CIFAR together with `flip`
// (He et al. 2016, section 4.2: "4 pixels are padded on each side, and a 32×32 crop is randomly sampled").
//   (2p + 1)² views for a padding of p pixels, all equally likely
// Zeros are bytes, black before normalizing, as torchvision's RandomCrop(32, padding=4) on images has them.
//
//   augment: { crop: 4, flip: true }

#include <ATen/core/Tensor.h>

#include "data/images/windows.h"

namespace limbeck {
namespace {

struct CropOptions {
  int64_t padding = 4;
  Fill fill = Fill::zero;
  void bind(Fields& fields) {
    fields.integer("padding", padding, between(0, 64),
                   "pixels added on each side before cropping; all crops are equally likely");
    fields.choice<Fill>("fill", fill, {{"zero", Fill::zero}, {"reflect", Fill::reflect}, {"edge", Fill::edge}},
                        "the pixels added: black, the image mirrored at its border pixels, or the nearest pixel");
  }
};

}  // namespace

void register_crop(Catalogue& catalogue) {
  catalogue.add<Augmentation, CropOptions>(
      Slot::augmentation,
      {.name = "crop",
       .summary = "Pads images on each side and crops them to their own size at a random place.",
       .source = "He et al. 2016, section 4.2",
       .principal = "padding"},
      [](const CropOptions& options) {
        return std::make_unique<RandomWindow>(Padding{.padding = options.padding, .fill = options.fill});
      });
}

}  // namespace limbeck
