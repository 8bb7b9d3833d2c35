#pragma once
// Charts of per-epoch metrics. With several seeds, each seed has a thin line and their mean a thick one.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "report/page/page.h"
#include "report/plots/svg_plot.h"

namespace limbeck {

/// Extracts the plotted value from an epoch; nullopt if the epoch does not have it.
using Reading = std::function<std::optional<double>(const ReportedEpoch&)>;

/// Returns a reading of 100 · (1 − accuracy), for training or validation accuracy.
Reading error_percent(std::optional<double> ReportedEpoch::*accuracy);

/// Returns the mean over the seeds, for the epochs that all seeds have; with one seed, its own curve.
std::vector<SvgPlot::Point> mean_curve(const PageStage& stage, const Reading& reading);

/// Adds one reading of a stage to a chart: one line, or one thin line per seed plus their mean.
void add_curve(const PageStage& stage, const std::string& name, int colour, const Reading& reading, SvgPlot& plot);

/// Whether any stage has values for this reading.
bool any_reads(const std::vector<PageStage>& stages, const Reading& reading);

/// Returns a small chart over epochs, still without lines.
SvgPlot epoch_chart(const std::string& title, const std::string& y_label);

/// Returns all values of the chart that a logarithmic axis can show.
std::vector<double> positive_values(const SvgPlot& plot);
/// Switches to a logarithmic axis if the values span a wide range.
SvgPlot choose_axis_scale(SvgPlot plot);

/// Returns the chart with its title as HTML; empty if it has no lines.
std::string figure_of(const SvgPlot& plot);
/// Returns a small chart at the full page width, plus the original width for narrow screens, where labels at the line
/// ends would leave no room for the lines.
std::string whole_figure(const SvgPlot& narrow);

}  // namespace limbeck
