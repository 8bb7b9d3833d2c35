#pragma once
// Runs side by side for the comparison page.
#include <vector>

#include "report/comparison.h"
#include "serve/served_runs.h"

namespace limbeck {

/// comparison_json(), with "runs": their ids in its order, "metrics": what could be compared, and texts beside the
/// numbers: "text" in each stage's entry and each comparison's, "curves": charts as markup, "recipes": as
/// recipe_differences(). Throws HttpError (400) for a metric, split or stage that is not there, and for no runs.
Json compared_json(const std::vector<ServedRun>& runs, const CompareOptions& options);

}  // namespace limbeck
