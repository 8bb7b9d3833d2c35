#pragma once
// The binary files of CIFAR-10 and CIFAR-100 (A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images,
// 2009): records of one or two label bytes and 3 x 32 x 32 pixels, the red, green and blue plane, row by row; the names
// of the labels lie beside, a line each.
//
//   const CifarFormat format{.classes = {20, 100}, .shown = 1};     // CIFAR-100: the coarse label, then the fine one
//   const Split test = read_cifar({"cifar-100-binary/test.bin"}, format, 10000);
#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace limbeck {

struct CifarFormat {
  std::vector<int64_t> classes;  ///< how many, for each label byte of a record
  size_t shown = 0;              ///< the label byte that is the example's label

  int64_t record_bytes() const { return static_cast<int64_t>(classes.size()) + 3 * 32 * 32; }
};

/// Files of `records` records each, joined in their order: inputs [N, 3, 32, 32]. A file of another length or a label
/// out of range is an Error that names the file and the offset.
Split read_cifar(const std::vector<fs::path>& files, const CifarFormat& format, int64_t records);

/// The names of so many labels, a line each; empty lines at the end are none.
std::vector<std::string> read_label_names(const fs::path& file, int64_t count);

/// Of each class that is shown, what the label byte before it says in a file that was read; empty where there is none.
std::vector<int64_t> superclasses_of(const fs::path& file, const CifarFormat& format, int64_t records);

/// A data set's published files: which they are, and where they lie.
struct CifarSet {
  std::string name;                ///< of the published data: "cifar10"
  std::vector<std::string> train;  ///< file names
  std::vector<std::string> test;
  std::string label_names;
  int64_t train_records = 0, test_records = 0;  ///< of each file
  CifarFormat format;
};

/// Reads a set from the folder below a data folder, or from the data folder itself; fetches it where none of it is
/// there. Throws Error.
std::unique_ptr<Dataset> load_cifar(const CifarSet& set, const std::string& folder, const DataFolders& folders);

}  // namespace limbeck
