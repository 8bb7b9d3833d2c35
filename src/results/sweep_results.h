#pragma once
// sweep.json: one recipe run at several settings, with the results of each point.
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/json.h"
#include "results/metrics.h"

namespace limbeck {

struct SweepPointResult {
  Json values;         ///< {"KEY": value}
  std::string run;     ///< folder, relative to the sweep's
  std::string status;  ///< done, failed, pending
  std::string fingerprint;
  std::optional<Named<Spreads>> results;    ///< results of the sweep's stage, by split
  std::optional<std::string> results_file;  ///< fingerprint of the results.json from which they were read
  std::optional<std::string> message;       ///< error message, if failed

  void bind(ResultFields& fields);
};

struct SweepResults {
  std::string name;
  std::vector<std::string> keys;  ///< "stages.distilled.loss.soft_targets.temperature"
  std::string metric;
  std::string stage;
  std::optional<std::string> chosen_on;  ///< split used for selecting the best point
  std::vector<int64_t> seeds;
  std::vector<SweepPointResult> points;

  void bind(ResultFields& fields);
};

/// Reads a folder's sweep.json. Throws Error if it is missing or malformed.
SweepResults read_sweep_results(const fs::path& folder);

}  // namespace limbeck
