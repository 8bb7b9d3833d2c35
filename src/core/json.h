#pragma once
// JSON that preserves key order. Parse untrusted text with these functions only: they take linear time and limit depth
// and size.
#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "core/files.h"
#include "core/json_fwd.h"

namespace limbeck {

/// Maximum nesting depth of arrays and objects.
inline constexpr size_t kDeepestJson = 100;

/// Throws Error, with `name` in the message, if the text is not valid JSON, is nested more than `deepest` levels deep,
/// or has a duplicate key in an object.
Json parse_json(std::string_view text, const std::string& name, size_t deepest = kDeepestJson);
/// Parses a line that a crash may have truncated; returns nullopt where parse_json would throw.
std::optional<Json> parse_json_line(std::string_view line);
/// Reads a JSON file of at most 256 MiB.
Json read_json(const fs::path& path);

/// Appends a key to an object without checking whether it exists already.
void append(Json& object, std::string key, Json value);

}  // namespace limbeck
