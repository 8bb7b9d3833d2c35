#pragma once
// Search path for data: --data, then $LIMBECK_DATA, then the user's cache folder. Files have their publishers' names.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"

namespace limbeck {

class DataFolders {
 public:
  /// `chosen`: the folder given with --data; empty: none.
  explicit DataFolders(const fs::path& chosen = {});

  /// The folders, in search order.
  const std::vector<fs::path>& all() const { return folders_; }
  /// Folder for downloads: the first one.
  const fs::path& home() const { return folders_.front(); }
  /// Returns the first existing file among FOLDER/name for each folder and name; names in order of preference.
  std::optional<fs::path> find(const std::vector<std::string>& names) const;

  /// Progress callback while many files are read; called from any thread, one call at a time; may be empty.
  std::function<void(int64_t done, int64_t all)> progress;
  /// Called with notices about anything unusual before the work begins; may be empty.
  std::function<void(const std::string& notice)> tell;

 private:
  std::vector<fs::path> folders_;
};

}  // namespace limbeck
