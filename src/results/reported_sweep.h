#pragma once
// A sweep's results as reports show them: one recipe run at several settings.
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
    std::vector<Json> values;                             ///< of the sweep's keys, in their order
    std::string run;                                      ///< its folder, within the sweep's
    std::string status;                                   ///< done, failed, pending
    std::string message;                                  ///< of what failed
    std::vector<std::pair<std::string, Spread>> results;  ///< the sweep's metric, by split

    /// The metric on that split; null for a point that is not done.
    const Spread* on(const std::string& split) const;
  };

  std::string name;
  std::vector<std::string> keys;   ///< "stages.distilled.loss.soft_targets.temperature"
  std::vector<std::string> names;  ///< of the keys: "temperature"
  std::string metric;
  std::string stage;
  std::string chosen_on;  ///< the split on which the best point is chosen; empty: none is. Never the test split
  std::vector<int64_t> seeds;
  std::vector<Point> points;

  /// The best point on `chosen_on`, the first of equals; null where nothing is chosen.
  const Point* best() const;
  /// "temperature 8, weight 0.5"
  std::string settings(const Point& point) const;
};

ReportedSweep reported_sweep(const SweepResults& results);
/// Of the JSON in sweep.json.
ReportedSweep parse_reported_sweep(const Json& sweep);
/// Throws Error when the folder holds no sweep.json, or when that file is malformed.
ReportedSweep read_reported_sweep(const std::filesystem::path& folder);

/// A setting as text: 0.5 → "0.5", [800, 800] → "[800,800]".
std::string setting_text(const Json& value);

/// The last steps of each path, as few as tell it apart from the others:
/// {"a.soft_targets.weight", "a.soft_targets.temperature", "a.hard_labels.weight"} →
/// {"soft_targets.weight", "temperature", "hard_labels.weight"}.
std::vector<std::string> short_names(const std::vector<std::string>& paths);

}  // namespace limbeck
