#pragma once
// Where data is looked for: --data, then $LIMBECK_DATA, then the user's cache folder, under the publishers' own names.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"

namespace limbeck {

class DataFolders {
 public:
  /// `chosen`: the folder given with --data; empty where none was given.
  explicit DataFolders(const fs::path& chosen = {});

  /// The folders, first choice first.
  const std::vector<fs::path>& all() const { return folders_; }
  /// Where a download goes: the first of the folders.
  const fs::path& home() const { return folders_.front(); }
  /// The first existing file among FOLDER/name for each folder and name; names in order of preference.
  std::optional<fs::path> find(const std::vector<std::string>& names) const;

  /// Called while many files are read, from any thread, one call at a time; may be empty.
  std::function<void(int64_t done, int64_t all)> progress;
  /// Called with a notice about anything unusual before the work begins; may be empty.
  std::function<void(const std::string& notice)> tell;

 private:
  std::vector<fs::path> folders_;
};

}  // namespace limbeck
