#pragma once
// Report sections for a run that may still be in progress: its results and curves so far.
#include <optional>

#include "results/reported_run.h"
#include "serve/run_progress.h"

namespace limbeck {

/// Returns the contents of results.json. If a run over several seeds has none yet, returns the means over the seeds
/// that have results for a stage. Stages are in recipe order; those without results are included, with the status
/// "stopped" if they were stopped.
ReportedRun live_results(const ServedRun& run, const RunProgress& progress, const std::optional<Recipe>& recipe);

/// Returns {"id", "name", "state", "stages": [see StageProgress], "report": whether results.json exists, "sections":
/// [{"id", "name", "html"}]}. The first section is the page's header, without a name. Throws Error for malformed files,
/// and if a symbolic link points outside the run.
Json live_page(const ServedRun& run);

}  // namespace limbeck
