#pragma once
// An image folder as a data set: lists files, classes and splits without reading an image.
//
//   root/train/cat/1.jpg      a folder for each class
//   root/test/cat/9.png       the test split; `val`, `valid` or `validation` serve as `test`
//   root/cat/1.jpg            the same without splits
//   root/unlabelled/…/x.jpg   further training images without labels
//
// Without a test split, a fraction of each class is held out for it: the images whose relative paths have the lowest
// hashes, so that the choice depends neither on the order nor on other classes.
//
//   const ImageFolder listed = list_images("pets", 0.1);
//   listed.classes[listed.train[0].label];              // "cat"
#include <cstdint>
#include <string>
#include <vector>

#include "core/files.h"

namespace limbeck {

struct ListedImage {
  std::string path;    ///< below the root: "train/cat/1.jpg"
  int64_t label = -1;  ///< −1: unlabelled
};

struct ImageFolder {
  fs::path root;
  std::vector<std::string> classes;  ///< class folder names of the training split, sorted
  std::vector<ListedImage> train;    ///< sorted by class and path; unlabelled ones last
  std::vector<ListedImage> test;
  std::vector<std::string> notices;  ///< messages about files that are ignored

  /// Fingerprint of paths, sizes and modification times: detects changed files without reading them.
  std::string fingerprint() const;
};

/// `holdout`: fraction of each class for the test split if the folder has none; at least one image, and never all.
/// Throws Error for a folder without images, a single class, a class folder without images, or a test class that is not
/// in the training split.
ImageFolder list_images(const fs::path& root, double holdout);

/// Returns whether the folder or one of its subfolders contains an image.
bool holds_pictures(const fs::path& folder);

}  // namespace limbeck
