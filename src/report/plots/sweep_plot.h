#pragma once
// What came out of a sweep as a chart: its metric over the setting that it went through.
#include <optional>

#include "core/json.h"
#include "report/plots/svg_plot.h"

namespace limbeck {

struct ReportedSweep;

/// The metric on test over the first key whose values are numbers, one line for each combination of the others; over
/// the first key's values as categories where none are numbers. Nothing as long as no point is done.
std::optional<SvgPlot> sweep_plot(const ReportedSweep& sweep);
std::optional<SvgPlot> sweep_plot(const Json& sweep);

}  // namespace limbeck
