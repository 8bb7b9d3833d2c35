#include "limbeck/data_folders.h"
#include "core/files.h"

#include <cstdlib>

#include "core/error.h"

namespace limbeck {

DataFolders::DataFolders(const fs::path& chosen) {
  if (!chosen.empty()) {
    if (!fs::is_directory(chosen))
      throw Error(ErrorKind::usage, fmt::format("the data folder '{}' does not exist", chosen.string()));
    folders_.push_back(chosen);
  }
  const auto add_from = [&](const char* variable, const char* below) {
    const char* value = std::getenv(variable);
    if (value == nullptr || *value == '\0') return false;
    folders_.push_back(fs::path(value) / below);
    return true;
  };
  add_from("LIMBECK_DATA", "");
  if (!add_from("XDG_CACHE_HOME", "limbeck") && !add_from("HOME", ".cache/limbeck") && folders_.empty())
    folders_.emplace_back("data");
}

std::optional<fs::path> DataFolders::find(const std::vector<std::string>& names) const {
  std::error_code ignored;
  for (const fs::path& folder : folders_)
    for (const std::string& name : names)
      if (fs::is_regular_file(folder / name, ignored)) return folder / name;
  return std::nullopt;
}

}  // namespace limbeck
