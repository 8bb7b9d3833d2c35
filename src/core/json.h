#pragma once
// JSON that keeps the order of its keys. Untrusted text is parsed by these functions only: in time linear in its
// length, and within limits of depth and size.
#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "core/files.h"
#include "core/json_fwd.h"

namespace limbeck {

/// The deepest nesting of lists and objects that is accepted.
inline constexpr size_t kDeepestJson = 100;

/// Throws Error that names `name` where the text is not valid JSON, nested more than `deepest` levels deep, or has a
/// key twice in an object.
Json parse_json(std::string_view text, const std::string& name, size_t deepest = kDeepestJson);
/// Parses a line that a crash may have truncated; nullopt where parse_json would throw.
std::optional<Json> parse_json_line(std::string_view line);
/// Reads a JSON file of at most 256 MiB.
Json read_json(const fs::path& path);

/// Appends a key to an object without checking whether it exists already.
void append(Json& object, std::string key, Json value);

}  // namespace limbeck
