#pragma once
// results.json: what a run found, in a form that other programs may rely on.
#include <string>
#include <vector>

#include "core/json.h"
#include "recipe/recipe.h"

namespace limbeck {

/// Where a run took place: processor, threads, LibTorch, device, date.
Json environment(const std::string& device);

/// What stands before the stages: name, version, recipe, paper.
Json results_header(const Recipe& recipe);

/// Mean and sample deviation over seeds. Numbers of the stages become means; each stage gets
/// "over_seeds": {"test": {"errors": {"mean", "deviation", "values"}}}.
Json combine_seeds(const std::vector<Json>& runs);

/// The recipe's plots with the numbers of this run: each point {"x", "stage", "y", "deviation"}.
Json plot_values(const Recipe& recipe, const Json& stages);

}  // namespace limbeck
