#pragma once
// A chart of our errors beside the paper's, for each stage with a published number of errors.
#include <optional>

#include "report/plots/svg_plot.h"
#include "results/reported_run.h"

namespace limbeck {

/// Returns the chart. Its categories are errors, errors on single classes and errors of ensemble members; accuracies if
/// the paper reports no errors. Our values have error bars of one standard deviation over the seeds. Returns nullopt if
/// the paper reports no such number or we have none yet.
std::optional<SvgPlot> paper_plot(const ReportedRun& run);

}  // namespace limbeck
