#pragma once
// An `--over` option of a sweep: recipe keys and the values that they take.
//
//   parse_axis("stages.distilled.loss.soft_targets.temperature=1,2,4");
//   parse_axis("a.weight,b.weight=[0.9,0.1],[0.5,0.5]");   // two keys that move together
//   parse_axis("stages.distilled.loss.soft_targets.temperature=1..20:log");   // a range, for random points
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json_fwd.h"

namespace limbeck {

struct SweepRange {
  enum class Scale { linear, log };
  double low = 0;
  double high = 1;
  Scale scale = Scale::linear;
  bool whole_ends = false;  ///< both ends are written as integers

  /// Returns the value at `share` (0 to 1) of the range, rounded to six significant digits.
  double at(double share) const;
  /// Returns the integer at `share` (below 1) of the range, ends included.
  int64_t whole_at(double share) const;
};

struct SweepAxis {
  std::string text;  ///< the original option
  std::vector<std::string> keys;
  std::vector<std::vector<std::string>> values;  ///< YAML, one value per key; empty if there is a range
  std::optional<SweepRange> range;
};

/// Parses an axis. Throws Error of kind usage that quotes the text.
SweepAxis parse_axis(const std::string& text);

/// Splits at commas outside brackets, braces and quotes: "a,[b,c]" → "a", "[b,c]". Throws Error of kind usage for
/// unbalanced brackets.
std::vector<std::string> split_values(std::string_view text);

/// Converts YAML to JSON: 4 is a number, four a string. Throws DiagnosticsError for malformed YAML.
Json yaml_as_json(const std::string& text);

}  // namespace limbeck
