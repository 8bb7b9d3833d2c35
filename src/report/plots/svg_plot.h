#pragma once
// Charts of lines and of points as SVG: linear, logarithmic and categorical axes, error bars, names at the lines' ends
// or in a legend.
//
//   SvgPlot plot;
//   plot.title = "Errors by temperature";
//   plot.x_scale = PlotScale::logarithmic;
//   plot.lines.push_back({.name = "300 units", .points = {{1, 146}, {8, 80, 4.2}, {20, 74, 3.1}}});
//   write_file("errors.svg", standalone_svg(plot));
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "report/plots/axis.h"
#include "results/reported_run.h"

namespace limbeck {

struct SvgPlot {
  struct Point {
    double x = 0.0;
    double y = 0.0;
    std::optional<double> deviation = std::nullopt;
    std::string label = {};  ///< written beside it
  };
  struct Line {
    std::string name;
    std::vector<Point> points;
    int colour = 0;      ///< the number of its hue, from 0
    bool faint = false;  ///< one seed of several: thin, without name, not read out
    /// Draw deviations: as error bars, as a band around curves of many points. They are read out in any case.
    bool bars = true;
    bool points_only = false;  ///< no strokes between the points
  };
  /// Direct: names at the ends of the lines where they have room, else in a legend above; one line alone needs none.
  /// Legend: above in any case, so that charts beside each other begin at the same height.
  /// Points: nowhere, since the points' labels say whose they are.
  enum class Names { direct, legend, points };

  std::string title;
  std::string x_label;  ///< may be empty where categories speak for themselves
  std::string y_label;
  /// Names along the x axis, at x = 0, 1, …; the lines' points of one category stand beside each other.
  std::vector<std::string> categories = {};
  PlotScale x_scale = PlotScale::linear;
  PlotScale y_scale = PlotScale::linear;
  std::vector<Line> lines;
  std::vector<double> y_covers = {};  ///< numbers that the y axis must reach, so that several charts share one
  int width = 480;                    ///< in pixels, as is the height of the part between the axes
  int plot_height = 230;
  Names names = Names::direct;
};

/// For a page that holds plot_style(): without title, with what the page's script needs to read values out.
std::string svg_plot(const SvgPlot& plot);

/// A whole file, for documentation: with title, background and style; light and dark.
std::string standalone_svg(const SvgPlot& plot);

/// The width of a chart with that many names along its x axis; none: that of other charts.
int categorical_width(size_t categories);

}  // namespace limbeck
