#pragma once
// results.json: what a run found, in a form that other programs may rely on.
#include <string>
#include <vector>

#include "core/json_fwd.h"
#include "recipe/recipe.h"

namespace limbeck {

/// Where a run took place: system, processor, memory, threads, LibTorch, device, date.
Json environment(const std::string& device);

/// What stands before the stages: name, version, commit, paper.
Json results_header(const Recipe& recipe);

/// Mean and sample deviation over seeds. Numbers of the stages become means; each stage gets
/// "over_seeds": {"test": {"errors": {"mean", "deviation", "values"}}}.
Json combine_seeds(const std::vector<Json>& runs);

/// {"mean", "deviation", "values"}: sample deviation, null for one value.
Json spread(const std::vector<double>& values);

/// What a stage's entry says in words beside its numbers: that it was stopped, what a calibration found, what an
/// ensemble's members make. Empty where there is nothing to say.
std::string stage_note(const Json& entry);

}  // namespace limbeck
