#pragma once
// The charts defined by a recipe, with the results of a run.
#include <vector>

#include "recipe/recipe.h"
#include "results/run_folder.h"
#include "results/run_results.h"

namespace limbeck {

/// Returns the "plots" of results.json. `stages` are the results so far; `seeds` are the folders of the corresponding
/// seeds, which hold the per-epoch metrics. Stages that have not run are omitted.
std::vector<PlotResult> plots_of(const Recipe& recipe, const std::vector<StageResult>& stages,
                                 const std::vector<RunFolder>& seeds);

}  // namespace limbeck
