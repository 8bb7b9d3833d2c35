#pragma once
// The results of a run for what still writes them as JSON; see results/run_results.h.
#include <string>
#include <vector>

#include "core/json_fwd.h"

namespace limbeck {

struct Recipe;

/// What stands before the stages: name, version, commit, paper.
Json results_header(const Recipe& recipe);

/// combine_seeds() of results/run_results.h.
Json combine_seeds(const std::vector<Json>& runs);

/// spread_of() of results/metrics.h.
Json spread(const std::vector<double>& values);

/// StageResult::note() of results/stage_result.h.
std::string stage_note(const Json& entry);

}  // namespace limbeck
