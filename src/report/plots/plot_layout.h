#pragma once
// The layout of a chart: the frame between the axes, and the labels of the lines, placed without overlaps.
#include <cstddef>
#include <string>
#include <vector>

#include "report/plots/axis.h"
#include "report/plots/category_labels.h"
#include "report/plots/point_labels.h"
#include "report/plots/svg_plot.h"

namespace limbeck {

enum class PlotTitle { outside, inside };

/// All positions are in pixels from the upper left corner.
struct PlotLayout {
  struct Name {
    size_t line = 0;                    ///< index of the plot's line
    double x = 0.0, y = 0.0;            ///< start of the text
    double mark_x = 0.0, mark_y = 0.0;  ///< start of the short colored stroke that leads to the text
  };

  double left = 0.0, top = 0.0, right = 0.0, bottom = 0.0;  ///< the frame
  double height = 0.0;                                      ///< of the whole chart
  double x_label_y = 0.0;
  double y_label_y = 0.0;
  double inset = 0.0;  ///< margin between the frame's sides and the first and last x, so that dots stay inside
  PlotAxis x = PlotAxis::exactly(0, 1, PlotScale::linear, 1);
  PlotAxis y = PlotAxis::exactly(0, 1, PlotScale::linear, 1);
  std::vector<Name> names;
  std::vector<PointLabel> point_labels;
  CategoryLabels categories;     ///< below a categorical x axis
  std::vector<double> sideways;  ///< horizontal offset of each line's points, so that none hides another

  double x_start() const { return left + inset; }
  double x_end() const { return right - inset; }
  double x_at(double value) const { return x.place(value, x_start(), x_end()); }
  double y_at(double value) const { return y.place(value, bottom, top); }
};

constexpr size_t kMostPointsWithDots = 30;  ///< lines with more points are drawn as curves without dots

/// Whether each point of a line is marked.
bool has_dots(const SvgPlot::Line& line);

PlotLayout lay_out(const SvgPlot& plot, PlotTitle title);

}  // namespace limbeck
