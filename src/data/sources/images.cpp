// Folders of JPEG and PNG pictures, a folder for each class, as torchvision's ImageFolder reads them.
#include "data/images/image_dataset.h"

#include <algorithm>

#include "data/source_size.h"
#include "limbeck/catalogue.h"

namespace limbeck {
namespace {

struct ImagesOptions : ImageFolderOptions, SizedSource {
  std::optional<SourceSize> size(const DataFolders& folders) const override {
    try {
      const ImageFolder listed = list_pictures(*this, folders);
      const auto labelled = std::count_if(listed.train.begin(), listed.train.end(),
                                          [](const ListedImage& picture) { return picture.label >= 0; });
      return SourceSize{labelled, static_cast<int64_t>(listed.classes.size())};
    } catch (const Error&) {  // whoever loads them says what is wrong
      return std::nullopt;
    }
  }
};

}  // namespace

void register_images(Catalogue& catalogue) {
  catalogue.add<Dataset, ImagesOptions, const DataFolders&>(
      Slot::data,
      {.name = "images",
       .summary = "JPEG and PNG pictures in a folder for each class: train/CLASS/* and test/CLASS/*, or CLASS/*; "
                  "unlabelled/* too. "
                  "Resized as Pillow and torchvision do.",
       .source = "layout of torchvision.datasets.ImageFolder",
       .principal = "folder"},
      [](const ImagesOptions& options, const DataFolders& folders) { return load_images(options, folders).dataset; });
}

}  // namespace limbeck
