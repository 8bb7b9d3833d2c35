#pragma once
// A sweep's results as shown in reports: one recipe run at several settings.
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "results/reported_run.h"
#include "results/sweep_results.h"

namespace limbeck {

struct ReportedSweep {
  struct Point {
    std::vector<Json> values;                             ///< values of the sweep's keys, in their order
    std::string run;                                      ///< folder, relative to the sweep's
    std::string status;                                   ///< done, failed, pending
    std::string message;                                  ///< error message, if failed
    std::vector<std::pair<std::string, Spread>> results;  ///< the sweep's metric, by split

    /// Returns the metric on that split; null if the point is not done.
    const Spread* on(const std::string& split) const;
  };

  std::string name;
  std::vector<std::string> keys;   ///< "stages.distilled.loss.soft_targets.temperature"
  std::vector<std::string> names;  ///< short names of the keys: "temperature"
  std::string metric;
  std::string stage;
  std::string chosen_on;  ///< split used for selection; empty: no point is selected. Never the test split
  std::vector<int64_t> seeds;
  std::vector<Point> points;

  /// Returns the best point on `chosen_on`, the first among equals; null if no point is selected.
  const Point* best() const;
  /// "temperature 8, weight 0.5"
  std::string settings(const Point& point) const;
};

ReportedSweep reported_sweep(const SweepResults& results);
/// Converts the JSON of sweep.json.
ReportedSweep parse_reported_sweep(const Json& sweep);
/// Reads a folder's sweep.json. Throws Error if it is missing or malformed.
ReportedSweep read_reported_sweep(const std::filesystem::path& folder);

/// Formats a setting: 0.5 → "0.5", [800, 800] → "[800,800]".
std::string setting_text(const Json& value);

/// Shortens each path to as few trailing components as make it unique:
std::vector<std::string> short_names(const std::vector<std::string>& paths);

}  // namespace limbeck
