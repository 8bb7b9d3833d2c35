#pragma once
// Size of a data set without loading it, if known from its options, its publisher or a quick look at its files.
//
//   struct DigitSourceOptions : SizedSource {
//     std::optional<SourceSize> size(const DataFolders&) const override { … }
//   };
#include <cstdint>
#include <optional>

#include "limbeck/data_folders.h"

namespace limbeck {

struct SourceSize {
  int64_t train = 0;
  int64_t classes = 0;
};

/// Base class for the options of data sources that know their size.
class SizedSource {
 public:
  virtual ~SizedSource() = default;
  /// Returns nullopt if the size depends on files that are missing or cannot be read.
  virtual std::optional<SourceSize> size(const DataFolders& folders) const = 0;
};

}  // namespace limbeck
