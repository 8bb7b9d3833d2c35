#pragma once
// sweep.json: one recipe run at several settings, with what each point found.
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/json.h"
#include "results/metrics.h"

namespace limbeck {

struct SweepPointResult {
  Json values;         ///< {"KEY": value}
  std::string run;     ///< its folder, within the sweep's
  std::string status;  ///< done, failed, pending
  std::string fingerprint;
  std::optional<Named<Spreads>> results;    ///< of the sweep's stage, by split
  std::optional<std::string> results_file;  ///< fingerprint of the results.json that they are of
  std::optional<std::string> message;       ///< of what failed

  void bind(ResultFields& fields);
};

struct SweepResults {
  std::string name;
  std::vector<std::string> keys;  ///< "stages.distilled.loss.soft_targets.temperature"
  std::string metric;
  std::string stage;
  std::optional<std::string> chosen_on;  ///< the split on which the best point is chosen
  std::vector<int64_t> seeds;
  std::vector<SweepPointResult> points;

  void bind(ResultFields& fields);
};

/// Throws Error when the folder holds no sweep.json, or when that file is malformed.
SweepResults read_sweep_results(const fs::path& folder);

}  // namespace limbeck
