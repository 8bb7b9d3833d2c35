#pragma once
// Reading fields of a JSON object that may be missing, null or of another type. A report is made of what a run left
// behind, however far it came: a field that is not there is a gap in the page, not an error.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace limbeck {

/// The member of that name; null when `object` is no object or has no such member.
const Json& json_field(const Json& object, std::string_view key);

/// A finite number, else nothing.
std::optional<double> json_number(const Json& value);
std::optional<double> json_number(const Json& object, const std::string& key);
/// The same, rounded to a whole number; nothing beyond ±2^53.
std::optional<int64_t> json_integer(const Json& value);
std::optional<int64_t> json_integer(const Json& object, const std::string& key);

/// The text of a string; a number or a truth value as text; "" for anything else.
std::string json_text(const Json& value);
std::string json_text(const Json& object, const std::string& key);

/// The members of a list; none when `value` is no list.
const std::vector<Json>& json_items(const Json& value);

}  // namespace limbeck
