#pragma once
// Runs side by side, and whether they differ by more than the noise of their seeds.
//
//   fmt::print("{}", compare_runs({"runs/temperature-4", "runs/temperature-20"}));
#include <string>
#include <vector>

#include "core/files.h"

namespace limbeck {

/// A table with one row for each stage and run, then, for each run but the first, how its errors differ from the first
/// run's: with Welch's 95 % interval where both have several seeds, else plainly that there are too few to tell.
/// Throws Error for a folder that holds no results.json, and of kind usage for fewer than two runs.
std::string compare_runs(const std::vector<fs::path>& runs);

}  // namespace limbeck
