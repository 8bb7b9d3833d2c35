#pragma once
// Downloads a file with libcurl.
#include <optional>
#include <string>

namespace limbeck {

/// Returns the body, of at most `limit` bytes; or nullopt, with the reason in `problem`.
std::optional<std::string> download(const std::string& address, size_t limit, std::string& problem);

}  // namespace limbeck
