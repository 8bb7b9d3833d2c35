#pragma once
// A run as one page: what came out, beside the paper's numbers; the curves, the calibration, the confusions, the soft
// targets of telling examples; the settings and how to run it again. The page is a single file that asks for nothing
// from outside (its content security policy forbids it), reads in light and dark, on a phone and on paper.
//
//   write_html_report("runs/hinton2015");   // runs/hinton2015/report.html
#include <string>

#include "core/files.h"

namespace limbeck {

/// The page of a run over one seed or several. What a run did not come to write is left out.
/// Throws Error when the folder holds no results.json, or a malformed file (named in the message).
std::string html_report(const fs::path& run_folder);

/// Writes it as report.html into the run's folder.
void write_html_report(const fs::path& run_folder);

}  // namespace limbeck
