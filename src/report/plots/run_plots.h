#pragma once
// The charts that belong to a run: the figures that its recipe asked for, and our numbers beside the paper's.
//
//   write_plots("runs/hinton2015");   // runs/hinton2015/plots/errors-by-temperature.svg, plots/paper.svg
#include "core/files.h"
#include "report/plots/svg_plot.h"
#include "results/reported_run.h"

namespace limbeck {

/// One of a recipe's figures as a chart.
SvgPlot plot_of(const ReportedPlot& figure);

/// Writes each of the "plots" of the folder's results.json as plots/<title>.svg and, where there is one, the chart of
/// our numbers beside the paper's as plots/paper.svg. Throws Error when the folder holds no results.json.
void write_plots(const fs::path& run_folder);

}  // namespace limbeck
