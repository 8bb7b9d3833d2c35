#pragma once
// Names and number formats of metrics: errors as counts, accuracy in percent, losses with four decimals. An unknown key
// gets a plain format, so that new metrics need no change here.
//
//   metric_format("accuracy").format({.mean = 0.9933})                          "99.33 %"
//   metric_format("errors").format({.mean = 70.3, .deviation = 4.2})            "70.3 ± 4.2"
//   metric_format("errors").difference({.mean = 73}, 67)                            "+6"
#include <optional>
#include <string>
#include <vector>

#include "results/metrics.h"

namespace limbeck {

struct MetricFormat {
  std::string key;
  std::string label;
  double scale = 1.0;  ///< factor applied before formatting; 100 for percent
  int decimals = 4;
  std::string unit;  ///< "%" or empty
  bool lower_is_better = true;
  bool counts = false;  ///< integers; a mean over several seeds has one decimal

  std::string format(const Spread& measure) const;
  /// Formats the mean only: "70.3", "99.33 %".
  std::string formatted_mean(const Spread& measure) const;
  /// Formats `measure` minus the reference, signed, with the decimals of `measure`: "+6", "+3.3", "-0.31".
  std::string difference(const Spread& measure, double reference) const;
};

/// Also accepts "class_errors.NAME", the errors on the examples of one class.
MetricFormat metric_format(const std::string& key);

}  // namespace limbeck
