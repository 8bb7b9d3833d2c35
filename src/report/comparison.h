#pragma once
// Compares runs, or the stages of one run, and tests whether they differ by more than the seed-to-seed noise.
//
//   fmt::print("{}", compare_runs({"runs/temperature-4", "runs/temperature-20"}));
//   fmt::print("{}", compare_runs({"runs/hinton2015"}, {.metric = "class_errors.3", .against = "baseline"}));
#include <string>
#include <vector>

#include "core/files.h"
#include "core/json.h"

namespace limbeck {

struct CompareOptions {
  std::string metric = "errors";           ///< a metric of the evaluations: accuracy, nll, class_errors.3, …
  std::string split;                       ///< empty: the split that all runs were evaluated on, test before validation
  size_t width = static_cast<size_t>(-1);  ///< maximum width of the table, in terminal cells
  std::string against;                     ///< with a single run: the reference stage; empty: the first evaluated stage
};

/// Returns a table with one row for each stage and run, followed by the differences, stage by stage: of each run to the
/// first, or, with a single run, of each stage to the reference stage. A difference comes with Welch's 95 % interval if
/// both sides have several seeds; otherwise a note says that there are too few seeds. The test is unpaired, even if
/// both sides use the same seeds. Throws Error for a folder without results.json, and Error of kind usage for an
/// unknown metric, split or stage.
std::string compare_runs(const std::vector<fs::path>& runs, const CompareOptions& options = {});

/// Returns the same comparison as JSON:
///   {"split", "metric",
///    "stages": [{"run", "stage", "status", "number": {"mean", "deviation", "values"} or null}],
///    "comparisons": [{"run", "stage", "against": {"run", "stage"}, "difference",
///                     "interval": {"low", "high", "confidence": 0.95} or null, "seeds": [before, after],
///                     "verdict": "more than noise", "within noise", "too few seeds" or "seeds do not vary"}]}
Json comparison_json(const std::vector<fs::path>& runs, const CompareOptions& options = {});

}  // namespace limbeck
