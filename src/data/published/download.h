#pragma once
// A file from the network, through libcurl.
#include <optional>
#include <string>

namespace limbeck {

/// The body, of at most `limit` bytes; or the reason why there is none in `problem`.
std::optional<std::string> download(const std::string& address, size_t limit, std::string& problem);

}  // namespace limbeck
