#pragma once
// The binary files of CIFAR-10 and CIFAR-100 (A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images,
// 2009): records of one or two label bytes and 3 x 32 x 32 pixels, the red, green and blue plane, row by row; label
// names are in a separate file, one per line.
//
//   const CifarFormat format{.classes = {20, 100}, .shown = 1};     // CIFAR-100: the coarse label, then the fine one
//   const Split test = read_cifar({"cifar-100-binary/test.bin"}, format, 10000);
#include <cstdint>
#include <string>
#include <vector>

#include "core/files.h"
#include "limbeck/dataset.h"

namespace limbeck {

struct CifarFormat {
  std::vector<int64_t> classes;  ///< number of classes for each label byte of a record
  size_t shown = 0;              ///< index of the label byte used as the example's label

  int64_t record_bytes() const { return static_cast<int64_t>(classes.size()) + 3 * 32 * 32; }
};

/// Reads files of `records` records each and concatenates them: inputs [N, 3, 32, 32]. Throws Error with the file's
/// name and the offset for a file of another length or a label out of range.
Split read_cifar(const std::vector<fs::path>& files, const CifarFormat& format, int64_t records);

/// Reads `count` label names, one per line; ignores empty lines at the end.
std::vector<std::string> read_label_names(const fs::path& file, int64_t count);

/// Returns the superclass of each class: the label byte before the one at `shown`, in a file that was read; empty if
/// there is no such byte.
std::vector<int64_t> superclasses_of(const fs::path& file, const CifarFormat& format, int64_t records);

/// The published files of a data set.
struct CifarSet {
  std::string name;                ///< name in published_data(): "cifar10"
  std::vector<std::string> train;  ///< file names
  std::vector<std::string> test;
  std::string label_names;
  int64_t train_records = 0, test_records = 0;  ///< of each file
  CifarFormat format;
};

/// Loads a set from the given subfolder of a data folder, or from the data folder itself; downloads it if its first
/// training file is found in neither. Throws Error.
std::unique_ptr<Dataset> load_cifar(const CifarSet& set, const std::string& folder, const DataFolders& folders);

}  // namespace limbeck
