#pragma once
// The charts of a run: the figures defined by its recipe, and our results beside the paper's.
//
//   write_plots("runs/hinton2015");   // runs/hinton2015/plots/errors-by-temperature.svg, plots/paper.svg
#include "core/files.h"
#include "report/plots/svg_plot.h"
#include "results/reported_run.h"

namespace limbeck {

/// Converts a recipe's figure to a chart.
SvgPlot plot_of(const ReportedPlot& figure);

/// Writes each of the "plots" in the folder's results.json to plots/<title>.svg and, if available, the comparison with
/// the paper to plots/paper.svg. Throws Error if the folder has no results.json.
void write_plots(const fs::path& run_folder);

}  // namespace limbeck
