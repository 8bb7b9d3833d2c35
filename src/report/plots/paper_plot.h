#pragma once
// Our numbers beside the paper's, as a chart: for each stage that the paper has a number of errors for.
#include <optional>

#include "report/plots/svg_plot.h"
#include "results/reported_run.h"

namespace limbeck {

/// Errors, errors on single classes and errors of an ensemble's members, each a category; ours with one standard
/// deviation over the seeds; accuracies, where the paper gives no errors. Nothing where the paper gives no such number
/// or none of ours is there yet.
std::optional<SvgPlot> paper_plot(const ReportedRun& run);

}  // namespace limbeck
