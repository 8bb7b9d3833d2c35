#pragma once
// A chart of a sweep's results: its metric over the swept setting.
#include <optional>

#include "core/json.h"
#include "report/plots/svg_plot.h"

namespace limbeck {

struct ReportedSweep;

/// Plots the test metric over the first key with numeric values, one line for each combination of the other keys; if no
/// key is numeric, over the values of the first key as categories. Returns nullopt until a point is done.
std::optional<SvgPlot> sweep_plot(const ReportedSweep& sweep);
std::optional<SvgPlot> sweep_plot(const Json& sweep);

}  // namespace limbeck
