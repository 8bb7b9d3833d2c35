#pragma once
// One `--over` of a sweep: keys of the recipe and the values that they take.
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

  /// The number at `share` (0 to 1) of the range, with six digits: as good a choice as any other, and shorter to name.
  double at(double share) const;
  /// The whole number at `share` (below 1) of the range, ends included.
  int64_t whole_at(double share) const;
};

struct SweepAxis {
  std::string text;  ///< as it was given
  std::vector<std::string> keys;
  std::vector<std::vector<std::string>> values;  ///< YAML, one for each key; none where there is a range
  std::optional<SweepRange> range;
};

/// Throws Error of kind usage that names the text.
SweepAxis parse_axis(const std::string& text);

/// Splits at commas that stand neither in brackets, nor in braces, nor in quotes: "a,[b,c]" → "a", "[b,c]". Brackets
/// that do not fit are an Error of kind usage.
std::vector<std::string> split_values(std::string_view text);

/// A YAML text as JSON: 4 is a number, four a text. Throws DiagnosticsError where it is no YAML.
Json yaml_as_json(const std::string& text);

}  // namespace limbeck
