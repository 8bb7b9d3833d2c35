#pragma once
// Search path for data: --data, then $LIMBECK_DATA, then the user's cache folder. Files have their publishers' names.
//
//   const DataFolders folders("/data");
//   if (const auto file = folders.find({"mine/readings.csv"})) read(*file);
//
// Thread-safety: several threads may use one that none of them changes.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "limbeck/api.h"

namespace limbeck LIMBECK_API {

class DataFolders {
 public:
  /// `chosen`: a folder to search first, as --data names it; empty: none. Throws Error of kind usage if it does not
  /// exist.
  explicit DataFolders(const std::filesystem::path& chosen = {});

  /// The folders, in search order.
  const std::vector<std::filesystem::path>& all() const { return folders_; }
  /// Folder for downloads: the first one.
  const std::filesystem::path& home() const { return folders_.front(); }
  /// Returns the first existing file among FOLDER/name for each folder and name; names in order of preference.
  std::optional<std::filesystem::path> find(const std::vector<std::string>& names) const;

  /// Progress callback while many files are read; called from any thread, one call at a time; may be empty.
  std::function<void(int64_t done, int64_t all)> progress;
  /// Called with notices about anything unusual before the work begins; may be empty.
  std::function<void(const std::string& notice)> tell;
  /// Reading many files ends with Error of kind interrupted when a stop is requested.
  std::stop_token stop;

 private:
  std::vector<std::filesystem::path> folders_;
};

}  // namespace LIMBECK_API
