#pragma once
// Lenient access to JSON fields that may be missing, null or of another type. Reports must handle incomplete runs: a
// missing field leaves a gap in the page and is not an error.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace limbeck {

/// Returns the member of that name; null if `object` is not an object or lacks the member.
const Json& json_field(const Json& object, std::string_view key);

/// Returns a finite number, else nullopt.
std::optional<double> json_number(const Json& value);
std::optional<double> json_number(const Json& object, const std::string& key);
/// The same, rounded to an integer; nullopt beyond ±2^53.
std::optional<int64_t> json_integer(const Json& value);
std::optional<int64_t> json_integer(const Json& object, const std::string& key);

/// Returns a string's text, or a number or bool as text; "" for anything else.
std::string json_text(const Json& value);
std::string json_text(const Json& object, const std::string& key);

/// Returns the items of a list; empty if `value` is not a list.
const std::vector<Json>& json_items(const Json& value);

}  // namespace limbeck
