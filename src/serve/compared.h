#pragma once
// JSON for the page that compares runs.
#include <vector>

#include "report/comparison.h"
#include "serve/served_runs.h"

namespace limbeck {

/// Returns comparison_json() with additional keys: "runs", the ids in the same order; "metrics", which may be compared;
/// "text", formatted numbers, in each stage's and each comparison's entry; "curves", charts as markup; "recipes", see
/// recipe_differences(). Throws HttpError (400) for an unknown metric, split or stage, if there are no runs, or for a
/// run without results.
Json compared_json(const std::vector<ServedRun>& runs, const CompareOptions& options);

}  // namespace limbeck
