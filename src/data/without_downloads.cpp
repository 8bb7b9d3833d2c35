// In the place of download.cpp, in a build without libcurl.
#include "core/parts.h"
#include "data/published/download.h"

namespace limbeck {

std::optional<std::string> download(const std::string& address, size_t, std::string& problem) {
  problem = fmt::format("{}: {}", address, left_out("downloads", "LIMBECK_DOWNLOADS").what());
  return std::nullopt;
}

}  // namespace limbeck
