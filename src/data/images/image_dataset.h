#pragma once
// Folders of pictures as data sets: data source `images`. See image_folder.h for the layout and resize.h for what
// happens to a picture.
//
//   data: { source: { images: { folder: pets, size: 64 } } }
#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/images/image_folder.h"
#include "data/images/image_store.h"

namespace limbeck {

struct ImageFolderOptions {
  std::string folder = ".";
  std::vector<int64_t> size = {32};
  ResizeMode resize = ResizeMode::crop;
  int64_t channels = 3;
  JpegDetail jpeg = JpegDetail::full;
  UnreadableImages corrupt = UnreadableImages::fail;
  double holdout = 0.1;
  std::string store;

  void bind(Fields& fields);
};

struct LoadedImages {
  std::unique_ptr<Dataset> dataset;
  fs::path root;
  std::vector<UnreadableImage> unreadable;  ///< left out
  bool reused = false;                      ///< from the store, without decoding
};

/// What the folder holds, without reading a picture.
ImageFolder list_pictures(const ImageFolderOptions& options, const DataFolders& folders);

/// Lists, decodes, divides into splits. All mistakes about the folder are found before the first picture is read.
LoadedImages load_images(const ImageFolderOptions& options, const DataFolders& folders,
                         const ImageProgress& progress = {});

}  // namespace limbeck
