#pragma once
// Image folders as data sets: the data source `images`. See image_folder.h for the folder layout and resize.h for
// resizing.
//
//   data: { source: { images: { folder: pets, size: 64 } } }
#include <memory>
#include <string>
#include <vector>

#include "data/images/image_folder.h"
#include "data/images/image_store.h"
#include "limbeck/dataset.h"
#include "limbeck/fields.h"

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
  std::vector<UnreadableImage> unreadable;  ///< images that were skipped
  bool reused = false;                      ///< read from the store, without decoding
};

/// Lists the folder without reading an image.
ImageFolder list_pictures(const ImageFolderOptions& options, const DataFolders& folders);

/// Lists and decodes the images and divides them into splits. Throws errors about the folder before reading the first
/// image.
LoadedImages load_images(const ImageFolderOptions& options, const DataFolders& folders);

}  // namespace limbeck
