#pragma once
// Charts of what stages read by epoch. With several seeds each has a thin line, and their mean a thick one.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "report/page/page.h"
#include "report/plots/svg_plot.h"

namespace limbeck {

/// What is drawn of an epoch, where it has it.
using Reading = std::function<std::optional<double>(const ReportedEpoch&)>;

/// 100 · (1 − accuracy), of train or of validation.
Reading error_percent(std::optional<double> ReportedEpoch::*accuracy);

/// The mean over the seeds, for the epochs that all of them have; of one, its own.
std::vector<SvgPlot::Point> mean_curve(const PageStage& stage, const Reading& reading);

/// Adds one reading of a stage to a chart: one line, or one thin line for each seed and their mean.
void add_curve(const PageStage& stage, const std::string& name, int colour, const Reading& reading, SvgPlot& plot);

/// Whether any stage has been read so.
bool any_reads(const std::vector<PageStage>& stages, const Reading& reading);

/// A small chart over epochs, without lines yet.
SvgPlot epoch_chart(const std::string& title, const std::string& y_label);

/// All values that a logarithmic axis can show.
std::vector<double> positive_values(const SvgPlot& plot);
/// With a logarithmic axis where the values are spread so far that they ask for it.
SvgPlot choose_axis_scale(SvgPlot plot);

/// The chart below its title; empty without lines.
std::string figure_of(const SvgPlot& plot);
/// A small chart at the page's width, and once more as it is for narrow screens, where names at the lines' ends would
/// leave no room for the lines.
std::string whole_figure(const SvgPlot& narrow);

}  // namespace limbeck
