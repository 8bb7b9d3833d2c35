#pragma once
// The HTML report of a run: results beside the paper's numbers, training curves, reliability diagrams, confusion
// matrices, soft targets of selected examples, settings, and how to reproduce the run. The page is a single file that
// loads nothing external (enforced by its content security policy). It supports light and dark mode, small screens and
// printing.
//
//   write_html_report("runs/hinton2015");   // runs/hinton2015/report.html
#include <string>

#include "core/files.h"

namespace limbeck {

/// Returns the report of a run with one seed or several. Data that the run did not write is omitted. Throws Error if
/// the folder has no results.json or contains a malformed file (named in the message).
std::string html_report(const fs::path& run_folder);

/// Writes the report to report.html in the run's folder.
void write_html_report(const fs::path& run_folder);

}  // namespace limbeck
