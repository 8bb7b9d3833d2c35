#pragma once
// What the numbers of an evaluation are called and how they are written: errors as counts, accuracy in percent, losses
// with four decimals. A key that is not known here is written plainly, so that a new measure needs no change.
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
  double scale = 1.0;  ///< what a number is multiplied by before it is written; 100 for percent
  int decimals = 4;
  std::string unit;  ///< "%" or empty
  bool lower_is_better = true;
  bool counts = false;  ///< whole numbers; a mean of several is written with one decimal

  std::string format(const Spread& measure) const;
  /// The mean alone: "70.3", "99.33 %".
  std::string formatted_mean(const Spread& measure) const;
  /// Signed, `measure` minus the reference, with the decimals of `measure`: "+6", "+3.3", "-0.31".
  std::string difference(const Spread& measure, double reference) const;
};

/// Of "class_errors.NAME" as well: the errors on the examples of one class.
MetricFormat metric_format(const std::string& key);

}  // namespace limbeck
