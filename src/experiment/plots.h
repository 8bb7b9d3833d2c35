#pragma once
// The charts that a recipe asks for, with the numbers of a run.
#include <vector>

#include "core/json_fwd.h"
#include "recipe/recipe.h"
#include "results/run_folder.h"

namespace limbeck {

/// The "plots" of results.json: lines of points {"x", "stage", "y", "deviation"}. `stages` are those of results.json so
/// far, `seeds` the folders of the seeds that they stand for, in which the epochs' metrics lie. Stages that have not
/// run are left out.
Json plot_values(const Recipe& recipe, const Json& stages, const std::vector<RunFolder>& seeds);

}  // namespace limbeck
