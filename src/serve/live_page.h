#pragma once
// The report's sections for a run that may still be under way: what is there of its results, and its curves so far.
#include <optional>

#include "results/reported_run.h"
#include "serve/run_progress.h"

namespace limbeck {

/// What results.json holds, or, as long as a run over several seeds has none, the means over those seeds that came to a
/// stage; stages that are not there yet stand at their places with their states.
ReportedRun live_results(const ServedRun& run, const RunProgress& progress, const std::optional<Recipe>& recipe);

/// {"id", "name", "state", "stages": [as StageProgress], "report": whether there is a whole report, "sections": [{"id",
/// "name", "html"}]}. The first section is the page's head, without a name. Throws Error for malformed files, and where
/// a link leads out of the run.
Json live_page(const ServedRun& run);

}  // namespace limbeck
