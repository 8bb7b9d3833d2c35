#pragma once
// A folder of pictures as a data set: what is where, without reading a picture.
//
//   root/train/cat/1.jpg      a folder for each class
//   root/test/cat/9.png       the test split; `val`, `valid` or `validation` serve as `test`
//   root/cat/1.jpg            the same without splits
//   root/unlabelled/…/x.jpg   further training pictures without labels
//
// Where there is no test split, a part of each class is held out for it: those pictures whose path below root has the
// lowest hashes, so that the choice does not depend on any order, nor on the pictures of other classes.
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
  std::vector<std::string> classes;  ///< names of the class folders of the training split, sorted
  std::vector<ListedImage> train;    ///< by class and path; the unlabelled last
  std::vector<ListedImage> test;
  std::vector<std::string> notices;  ///< what lies there and is not read

  /// Of paths, sizes and times of change: what a picture could have changed by without being read.
  std::string fingerprint() const;
};

/// `holdout`: part of each class for the test split where the folder has none; at least one picture, and never all of
/// them. Throws Error for a folder without pictures, a single class, a class folder without pictures, a class in the
/// test split that training does not have.
ImageFolder list_images(const fs::path& root, double holdout);

/// Whether it can be such a folder: there is a picture in it or below it.
bool holds_pictures(const fs::path& folder);

}  // namespace limbeck
