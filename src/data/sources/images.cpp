// Folders of JPEG and PNG pictures, a folder for each class, as torchvision's ImageFolder reads them.
#include "data/image_dataset.h"

namespace limbeck {

void register_images(Catalogue& catalogue) {
  catalogue.add<Dataset, ImageFolderOptions, const DataFolders&>(
      Slot::data,
      {.name = "images",
       .summary =
           "JPEG and PNG pictures in a folder for each class: train/CLASS/* and test/CLASS/*, or CLASS/*; unlabelled/* too. "
           "Resized as Pillow and torchvision do.",
       .source = "layout of torchvision.datasets.ImageFolder",
       .principal = "folder"},
      [](const ImageFolderOptions& options, const DataFolders& folders) { return load_images(options, folders, folders.progress).dataset; });
}

}  // namespace limbeck
