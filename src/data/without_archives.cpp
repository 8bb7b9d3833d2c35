// In the place of archive.cpp, in a build without libarchive.
#include "core/parts.h"
#include "data/published/archive.h"

namespace limbeck {

std::map<std::string, std::string> read_archive(const fs::path& path, const std::vector<std::string>&, size_t) {
  throw Error(fmt::format("cannot unpack '{}': {}; unpack it by hand", path.string(),
                          left_out("archives", "LIMBECK_ARCHIVES").what()));
}

}  // namespace limbeck
