#pragma once
// What came out of a sweep, from its sweep.json (results/sweep_results.h).
#include <string>

#include "core/files.h"
#include "core/json.h"

namespace limbeck {

struct ReportedSweep;

/// One row for each point: settings, the metric on test and validation, and "◀ best on validation" where it is so by
/// more than the seeds' noise; otherwise the lowest is marked, and what is within its noise. Nothing is chosen on the
/// test split: without a validation split no point is marked, and a sentence says so. Ends with a newline.
std::string sweep_table(const Json& sweep);

/// What the leading point is worth, in a sentence: a judgement only where the seeds' noise allows it. Empty where
/// nothing is chosen.
std::string sweep_judgement(const ReportedSweep& sweep);

/// The page of the sweep in a folder; its links to points are relative to that folder. Throws Error where it holds no
/// sweep.json.
std::string sweep_page(const fs::path& folder);

/// Reads sweep.json and writes sweep.svg, where there is something to draw, and sweep.html into the same folder.
void write_sweep_report(const fs::path& folder);

}  // namespace limbeck
