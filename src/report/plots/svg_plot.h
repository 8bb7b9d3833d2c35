#pragma once
// Line and scatter charts as SVG: linear, logarithmic and categorical axes, error bars, labels at the line ends or a
// legend.
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
    std::string label = {};  ///< drawn beside the point
  };
  struct Line {
    std::string name;
    std::vector<Point> points;
    int colour = 0;      ///< color index, from 0
    bool faint = false;  ///< one seed of several: thin, without label and tooltip
    /// Draws deviations as error bars, or as a band around curves of many points. Tooltips show them in any case.
    bool bars = true;
    bool points_only = false;  ///< points without connecting lines
  };
  /// Direct: labels at the line ends if there is room, else a legend above; a single line needs no label.
  /// Legend: always above, so that adjacent charts are aligned.
  /// Points: none, since the points have labels of their own.
  enum class Names { direct, legend, points };

  std::string title;
  std::string x_label;  ///< may be empty if the categories are self-explanatory
  std::string y_label;
  /// Labels of x = 0, 1, …; points of different lines in one category are drawn side by side.
  std::vector<std::string> categories = {};
  PlotScale x_scale = PlotScale::linear;
  PlotScale y_scale = PlotScale::linear;
  std::vector<Line> lines;
  std::vector<double> y_covers = {};  ///< values that the y axis must include, so that several charts share one range
  int width = 480;                    ///< in pixels, as is plot_height, the height of the area between the axes
  int plot_height = 230;
  Names names = Names::direct;
};

/// Returns the chart for a page that includes plot_style(): without title, with the data for the page's tooltips.
std::string svg_plot(const SvgPlot& plot);

/// Returns a standalone SVG file with title, background and style for light and dark mode.
std::string standalone_svg(const SvgPlot& plot);

/// Returns the width of a chart with that many categories; 0: the default width.
int categorical_width(size_t categories);

}  // namespace limbeck
