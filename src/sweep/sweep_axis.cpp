#include "sweep/sweep_axis.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/error.h"
#include "core/json.h"
#include "core/nearest.h"
#include "recipe/value.h"

namespace limbeck {
namespace {

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

[[noreturn]] void misuse(const std::string& axis, const std::string& message) {
  throw Error(ErrorKind::usage, fmt::format("--over {}: {}", axis, message));
}

/// "1..20" or "1..20:log"; nullopt for a text that does not begin as a range.
std::optional<SweepRange> parse_range(const std::string& axis, std::string_view text) {
  const size_t dots = text.find(".."), colon = text.find(':');
  if (dots == std::string_view::npos) return std::nullopt;
  const std::string_view low = text.substr(0, dots);
  const std::string_view high = text.substr(dots + 2, colon == std::string_view::npos ? colon : colon - dots - 2);
  const std::optional<double> from = number_in<double>(low), to = number_in<double>(high);
  if (!from || !to || !std::isfinite(*from) || !std::isfinite(*to)) return std::nullopt;
  SweepRange range{.low = *from, .high = *to};
  range.whole_ends = number_in<int64_t>(low).has_value() && number_in<int64_t>(high).has_value();
  if (colon != std::string_view::npos) {
    const std::string scale(text.substr(colon + 1));
    if (scale != "log") misuse(axis, fmt::format("unknown scale '{}'{}", scale, suggestion(scale, {"log"})));
    range.scale = SweepRange::Scale::log;
  }
  if (range.low >= range.high)
    misuse(axis, fmt::format("a range from {} to {}; expected LOW..HIGH, LOW below HIGH", low, high));
  if (range.scale == SweepRange::Scale::log && range.low <= 0)
    misuse(axis, fmt::format("a range from {} on a scale of logarithms; expected LOW above 0", low));
  return range;
}

std::vector<std::string> parse_keys(const std::string& axis, std::string_view text) {
  std::vector<std::string> keys(1);
  for (const char c : text) {
    if (c == ',')
      keys.emplace_back();
    else
      keys.back() += c;
  }
  for (std::string& key : keys) {
    key = std::string(trimmed(key));
    if (key.empty()) misuse(axis, "an empty key; expected KEY=VALUE,VALUE,…");
  }
  return keys;
}

/// "[0.9, 0.1]" → "0.9", "0.1", as many as there are keys.
std::vector<std::string> parse_together(const std::string& axis, const std::string& value, size_t keys) {
  if (value.size() < 2 || value.front() != '[' || value.back() != ']')
    misuse(axis, fmt::format("'{}' is one value for {} keys; expected a list such as [0.9,0.1]", value, keys));
  std::vector<std::string> parts = split_values(std::string_view(value).substr(1, value.size() - 2));
  if (parts.size() != keys) misuse(axis, fmt::format("'{}' holds {} values for {} keys", value, parts.size(), keys));
  return parts;
}

Json as_json(const Value& value) {
  switch (value.kind) {
    case Value::Kind::null:
      return nullptr;
    case Value::Kind::scalar: {
      const std::string& text = value.scalar;
      if (value.quoted) return text;
      if (text == "true" || text == "false") return text == "true";
      if (const auto whole = number_in<int64_t>(text)) return *whole;
      if (const auto number = number_in<double>(text); number && std::isfinite(*number)) return *number;
      return text;
    }
    case Value::Kind::sequence: {
      Json items = Json::array();
      for (const Value& item : value.items) items.push_back(as_json(item));
      return items;
    }
    case Value::Kind::map: {
      Json map = Json::object();
      for (const Entry& entry : value.entries) map[entry.key] = as_json(entry.value);
      return map;
    }
  }
  return nullptr;
}

}  // namespace

double SweepRange::at(double share) const {
  const double exact = scale == Scale::linear ? low + (high - low) * share : low * std::pow(high / low, share);
  const std::string rounded = fmt::format("{:.6g}", exact);
  return std::clamp(number_in<double>(rounded).value_or(exact), low, high);
}

int64_t SweepRange::whole_at(double share) const {
  // Each whole number k stands for [k, k + 1) of the drawn ones.
  const double exact =
      scale == Scale::linear ? low + (high + 1 - low) * share : low * std::pow((high + 1) / low, share);
  return static_cast<int64_t>(std::clamp(std::floor(exact), low, high));
}

std::vector<std::string> split_values(std::string_view text) {
  std::vector<std::string> values;
  std::string open;  // the brackets that are open
  char quote = 0, before = ',';
  size_t start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (quote == '"' && c == '\\')
        ++i;
      else if (c == quote)
        quote = 0;
      before = c;
      continue;
    }
    const bool begins =
        std::string_view(",[{:").find(before) != std::string_view::npos;  // elsewhere a quote is a letter
    if (begins && (c == '"' || c == '\''))
      quote = c;
    else if (c == '[' || c == '{')
      open += c == '[' ? ']' : '}';
    else if ((c == ']' || c == '}') && (open.empty() || open.back() != c))
      throw Error(ErrorKind::usage, fmt::format("'{}': '{}' closes nothing", text, c));
    else if (c == ']' || c == '}')
      open.pop_back();
    else if (c == ',' && open.empty()) {
      values.emplace_back(trimmed(text.substr(start, i - start)));
      start = i + 1;
    }
    if (c != ' ') before = c;
  }
  if (quote != 0 || !open.empty())
    throw Error(ErrorKind::usage, fmt::format("'{}': expected {} at its end", text, quote != 0 ? quote : open.back()));
  values.emplace_back(trimmed(text.substr(start)));
  return values;
}

Json yaml_as_json(const std::string& text) {
  std::vector<Diagnostic> diagnostics;
  const Value value = parse_yaml(text, text, diagnostics);
  if (!diagnostics.empty()) throw DiagnosticsError(diagnostics);
  return as_json(value);
}

SweepAxis parse_axis(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    misuse(text, "expected KEY=VALUE,VALUE,… or KEY=LOW..HIGH, e.g. stages.distilled.epochs=10,20");
  SweepAxis axis{.text = text, .keys = parse_keys(text, std::string_view(text).substr(0, equals))};
  const std::vector<std::string> values = split_values(std::string_view(text).substr(equals + 1));
  if (values.size() == 1) axis.range = parse_range(text, values.front());
  if (axis.range && axis.keys.size() > 1) misuse(text, "a range for several keys; expected lists of their values");
  if (axis.range) return axis;
  std::vector<Json> seen;
  for (const std::string& value : values) {
    axis.values.push_back(axis.keys.size() == 1 ? std::vector{value} : parse_together(text, value, axis.keys.size()));
    Json found = Json::array();
    for (const std::string& part : axis.values.back()) {
      if (part.empty()) misuse(text, "an empty value");
      found.push_back(yaml_as_json(part));
    }
    if (std::find(seen.begin(), seen.end(), found) != seen.end())
      misuse(text, fmt::format("the value {} stands twice", value));
    seen.push_back(std::move(found));
  }
  return axis;
}

}  // namespace limbeck
