#pragma once
// JSON with keys in the order in which they were written. What comes from outside is read by these functions alone: in
// time that grows with the text and not with the square of its keys, and within limits of depth and size.
#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "core/files.h"
#include "core/json_fwd.h"

namespace limbeck {

/// Lists and objects within each other.
inline constexpr size_t kDeepestJson = 100;

/// Throws Error that names `name` where the text is not valid JSON, nested more than `deepest` levels deep, or has a
/// key twice in an object.
Json parse_json(std::string_view text, const std::string& name, size_t deepest = kDeepestJson);
/// Of a line that a crash may have cut; nothing where parse_json would throw.
std::optional<Json> parse_json_line(std::string_view line);
/// Reads a JSON file of at most 256 MiB.
Json read_json(const fs::path& path);

/// Appends to an object a key that it does not have, without looking.
void append(Json& object, std::string key, Json value);

}  // namespace limbeck
