#pragma once
// Runs side by side, or the stages of one run, and whether they differ by more than the noise of their seeds.
//
//   fmt::print("{}", compare_runs({"runs/temperature-4", "runs/temperature-20"}));
//   fmt::print("{}", compare_runs({"runs/hinton2015"}, {.metric = "class_errors.3", .against = "baseline"}));
#include <string>
#include <vector>

#include "core/files.h"
#include "core/json.h"

namespace limbeck {

struct CompareOptions {
  std::string metric = "errors";           ///< a key of the evaluations: accuracy, nll, class_errors.3, …
  std::string split;                       ///< empty: the split that all runs were evaluated on, test before validation
  size_t width = static_cast<size_t>(-1);  ///< cells that the table has room for
  std::string against;  ///< of one run: the stage that the others are compared with; empty: the first evaluated one
};

/// A table with one row for each stage and run; then how each run but the first differs from the first, stage by stage,
/// or how the other stages of a single run differ from one of them: with Welch's 95 % interval where both have several
/// seeds, else plainly that there are too few to tell. That seeds are the same on both sides is not used.
/// Throws Error for a folder that holds no results.json, and of kind usage for a metric, split or stage that is not
/// there.
std::string compare_runs(const std::vector<fs::path>& runs, const CompareOptions& options = {});

/// The same for programs:
///   {"split", "metric",
///    "stages": [{"run", "stage", "status", "number": {"mean", "deviation", "values"} or null}],
///    "comparisons": [{"run", "stage", "against": {"run", "stage"}, "difference",
///                     "interval": {"low", "high", "confidence": 0.95} or null, "seeds": [before, after],
///                     "verdict": "more than noise", "within noise", "too few seeds" or "seeds do not vary"}]}
Json comparison_json(const std::vector<fs::path>& runs, const CompareOptions& options = {});

}  // namespace limbeck
