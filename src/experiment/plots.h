#pragma once
// The charts that a recipe asks for, with the numbers of a run.
#include <vector>

#include "recipe/recipe.h"
#include "results/run_folder.h"
#include "results/run_results.h"

namespace limbeck {

/// The "plots" of results.json. `stages` are those of the results so far, `seeds` the folders of the seeds that they
/// stand for, in which the epochs' metrics lie. Stages that have not run are left out.
std::vector<PlotResult> plots_of(const Recipe& recipe, const std::vector<StageResult>& stages,
                                 const std::vector<RunFolder>& seeds);

}  // namespace limbeck
