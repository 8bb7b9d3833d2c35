#include "results/json_fields.h"

#include <cmath>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"
#include "core/text.h"

namespace limbeck {
namespace {
constexpr double kLargestExactInteger = 9007199254740992.0;  // 2^53

bool is_integer(double value) {
  return std::abs(value) <= kLargestExactInteger && value == std::floor(value);
}
}  // namespace

const Json& json_field(const Json& object, std::string_view key) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

std::optional<double> json_number(const Json& value) {
  if (!value.is_number()) return std::nullopt;
  const double result = value.get<double>();
  return std::isfinite(result) ? std::optional(result) : std::nullopt;
}

std::optional<double> json_number(const Json& object, const std::string& key) {
  return json_number(json_field(object, key));
}

std::optional<int64_t> json_integer(const Json& value) {
  const std::optional<double> real = json_number(value);
  if (!real || std::abs(*real) > kLargestExactInteger) return std::nullopt;
  return std::llround(*real);
}

std::optional<int64_t> json_integer(const Json& object, const std::string& key) {
  return json_integer(json_field(object, key));
}

std::string json_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  const std::optional<double> as_number = json_number(value);
  if (!as_number) return "";
  return is_integer(*as_number) ? std::to_string(static_cast<int64_t>(*as_number)) : shortest(*as_number);
}

std::string json_text(const Json& object, const std::string& key) {
  return json_text(json_field(object, key));
}

const std::vector<Json>& json_items(const Json& value) {
  static const std::vector<Json> kNone;
  return value.is_array() ? value.get_ref<const Json::array_t&>() : kNone;
}

}  // namespace limbeck
