#pragma once
// Reports of a sweep, from its sweep.json (results/sweep_results.h).
#include <string>

#include "core/files.h"
#include "core/json.h"

namespace limbeck {

struct ReportedSweep;

/// Returns a table with one row per point: settings and the metric on test and validation. The best point is marked "◀
/// best on validation" if it leads by more than the seed noise; otherwise the lowest is marked, with those within its
/// noise. The test split is never used for selection: without a validation split no point is marked, and a sentence
/// says so. Ends with a newline.
std::string sweep_table(const Json& sweep);

/// Assesses the best point in one sentence; claims a difference only if it exceeds the seed noise. Empty if no point is
/// selected.
std::string sweep_judgement(const ReportedSweep& sweep);

/// Returns the HTML page of the sweep in a folder, with relative links to its points. Throws Error if the folder has no
/// sweep.json.
std::string sweep_page(const fs::path& folder);

/// Reads sweep.json and writes sweep.html and, if there is data to plot, sweep.svg to the same folder.
void write_sweep_report(const fs::path& folder);

}  // namespace limbeck
