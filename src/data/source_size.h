#pragma once
// How many examples a data set has, where that is known without loading it: by its options, its publisher or a glance
// at its files.
//
//   struct DigitSourceOptions : SizedSource {
//     std::optional<SourceSize> size(const DataFolders&) const override { … }
//   };
#include <cstdint>
#include <optional>

#include "data/data_folders.h"

namespace limbeck {

struct SourceSize {
  int64_t train = 0;
  int64_t classes = 0;
};

/// What options of data sources have in common that know it.
class SizedSource {
 public:
  virtual ~SizedSource() = default;
  /// Nothing where the files say it, and are not there or cannot be read.
  virtual std::optional<SourceSize> size(const DataFolders& folders) const = 0;
};

}  // namespace limbeck
