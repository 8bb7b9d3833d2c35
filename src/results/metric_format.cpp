#include "results/metric_format.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "core/text.h"
#include "results/keys.h"

namespace limbeck {
namespace {
const std::string kOfClass = std::string(keys::kClassErrors) + ".";  // followed by the class's name

std::string unit_suffix(const MetricFormat& metric) {
  return metric.unit.empty() ? "" : " " + metric.unit;
}

bool is_whole(double value) {
  return std::abs(value - std::round(value)) < 1e-9;
}

std::string fixed(double value, int decimals) {
  std::string text = fmt::format("{:.{}f}", value, decimals);
  if (text.find_first_not_of("-0.") == std::string::npos && text.front() == '-') text.erase(0, 1);  // no "-0.00"
  return text;
}

/// A number in the metric's unit, with the decimals that suit `measure`: counts that are means have one.
std::string number(const MetricFormat& format, const Spread& measure, double value) {
  const double scaled = value * format.scale;
  if (!format.counts) return fixed(scaled, format.decimals);
  const bool whole = !measure.deviation && is_whole(measure.mean * format.scale);
  return whole && std::abs(scaled) < 1e15 ? with_commas(std::llround(scaled)) : fixed(scaled, 1);
}

}  // namespace

std::string MetricFormat::format(const Spread& measure) const {
  if (!measure.deviation) return formatted_mean(measure);
  const std::string mean = number(*this, measure, measure.mean), spread = number(*this, measure, *measure.deviation);
  return fmt::format("{} ± {}{}", mean, spread, unit_suffix(*this));
}

std::string MetricFormat::formatted_mean(const Spread& measure) const {
  return number(*this, measure, measure.mean) + unit_suffix(*this);
}

std::string MetricFormat::difference(const Spread& measure, double reference) const {
  const std::string text = number(*this, measure, measure.mean - reference);
  const bool zero = text.find_first_not_of("0.") == std::string::npos;
  return (text.front() != '-' && !zero ? "+" : "") + text;
}

MetricFormat metric_format(const std::string& key) {
  static const std::array<MetricFormat, 12> kKnown = {
      MetricFormat{.key = keys::kErrors, .label = "errors", .decimals = 0, .unit = "", .counts = true},
      MetricFormat{.key = keys::kAccuracy,
                   .label = "accuracy",
                   .scale = 100,
                   .decimals = 2,
                   .unit = "%",
                   .lower_is_better = false},
      MetricFormat{.key = keys::kNll, .label = "NLL", .decimals = 4, .unit = ""},
      MetricFormat{.key = keys::kEce, .label = "ECE", .scale = 100, .decimals = 2, .unit = "%"},
      MetricFormat{.key = keys::kAgreement,
                   .label = "agreement",
                   .scale = 100,
                   .decimals = 2,
                   .unit = "%",
                   .lower_is_better = false},
      MetricFormat{.key = keys::kTeacherKl, .label = "KL to teacher", .decimals = 4, .unit = ""},
      MetricFormat{.key = keys::kMemberErrors, .label = "members' errors", .decimals = 0, .unit = "", .counts = true},
      MetricFormat{.key = keys::kTeacherErrors, .label = "teacher's errors", .decimals = 0, .unit = "", .counts = true},
      MetricFormat{.key = keys::kTeacherAccuracy,
                   .label = "teacher's accuracy",
                   .scale = 100,
                   .decimals = 2,
                   .unit = "%",
                   .lower_is_better = false},
      MetricFormat{.key = keys::kWordErrorRate, .label = "word errors", .scale = 100, .decimals = 2, .unit = "%"},
      MetricFormat{.key = keys::kStringWordErrorRate, .label = "in strings", .scale = 100, .decimals = 2, .unit = "%"},
      MetricFormat{.key = keys::kRelativeGain,
                   .label = "relative gain",
                   .scale = 100,
                   .decimals = 2,
                   .unit = "%",
                   .lower_is_better = false},
  };
  const auto found =
      std::find_if(kKnown.begin(), kKnown.end(), [&](const MetricFormat& known) { return known.key == key; });
  if (found != kKnown.end()) return *found;
  if (key.starts_with(kOfClass))
    return {.key = key, .label = "errors on " + key.substr(kOfClass.size()), .decimals = 0, .unit = "", .counts = true};
  return MetricFormat{.key = key, .label = key, .decimals = 4, .unit = ""};
}

}  // namespace limbeck
