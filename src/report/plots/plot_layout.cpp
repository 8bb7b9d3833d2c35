#include "report/plots/plot_layout.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace limbeck {
namespace {
constexpr double kLegendLine = 19, kNameDistance = 14.5, kLongestDirectName = 150;
constexpr double kTitleHeight = 28, kLabelHeight = 23, kTickHeight = 17, kXLabelHeight = 17, kFootMargin = 6;
constexpr int kMostPasses = 12;
constexpr double kMostSideways = 7;  // half the distance between two lines' points of one category
constexpr size_t kMostDirectNames = 8;
constexpr double kTickDistanceX = 62, kTickDistanceY = 42, kDataTickDistance = 26;

std::vector<size_t> named_lines(const SvgPlot& plot) {
  std::vector<size_t> named;
  for (size_t i = 0; i < plot.lines.size(); ++i)
    if (!plot.lines[i].faint && !plot.lines[i].points.empty()) named.push_back(i);
  return named;
}

std::vector<double> x_values(const SvgPlot& plot) {
  std::vector<double> values;
  for (const SvgPlot::Line& line : plot.lines)
    for (const SvgPlot::Point& point : line.points) values.push_back(point.x);
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

std::vector<double> y_values(const SvgPlot& plot) {
  std::vector<double> values = plot.y_covers;
  for (const SvgPlot::Line& line : plot.lines)
    for (const SvgPlot::Point& point : line.points) {
      const double deviation = line.bars ? point.deviation.value_or(0.0) : 0.0;
      values.insert(values.end(), {point.y - deviation, point.y, point.y + deviation});
    }
  return values;
}

/// Direct names need few lines, short names, and strokes that end at the same x.
bool names_fit_at_the_ends(const SvgPlot& plot, const std::vector<size_t>& named, double last_x) {
  if (plot.names != SvgPlot::Names::direct || named.size() > kMostDirectNames) return false;
  return std::all_of(named.begin(), named.end(), [&](size_t i) {
    const SvgPlot::Line& line = plot.lines[i];
    return !line.points_only && line.points.back().x == last_x && text_width(line.name) <= kLongestDirectName;
  });
}

/// Names in rows from `top` on; returns the height that they take.
double place_legend(const SvgPlot& plot, const std::vector<size_t>& named, double top, PlotLayout& layout) {
  double x = 2, y = top + 12;
  for (const size_t i : named) {
    const double width = 24 + text_width(plot.lines[i].name);
    if (x > 2 && x + width > plot.width) {
      x = 2;
      y += kLegendLine;
    }
    layout.names.push_back({.line = i, .x = x + 21, .y = y, .mark_x = x, .mark_y = y - 4});
    x += width + 12;
  }
  return y + 8 - top;
}

/// Names beside the lines' last points, moved apart until none overlap.
void place_names_at_the_ends(const SvgPlot& plot, std::vector<size_t> named, PlotLayout& layout) {
  const auto end_y = [&](size_t i) { return layout.y_at(plot.lines[i].points.back().y); };
  std::stable_sort(named.begin(), named.end(), [&](size_t left, size_t right) { return end_y(left) < end_y(right); });
  std::vector<double> places;
  places.reserve(named.size());
  for (const size_t i : named)
    places.push_back(std::max(end_y(i), places.empty() ? 0.0 : places.back() + kNameDistance));
  for (size_t i = places.size(); i-- > 0;) {
    const double lowest = i + 1 == places.size() ? layout.bottom : places[i + 1] - kNameDistance;
    places[i] = std::min(places[i], lowest);
  }
  for (size_t i = 0; i < named.size(); ++i)
    layout.names.push_back({.line = named[i],
                            .x = layout.right + 20,
                            .y = places[i] + 4,
                            .mark_x = layout.right + 4,
                            .mark_y = end_y(named[i])});
}

bool all_whole(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return value == std::floor(value); });
}

/// On a logarithmic axis the few values that were tried are better ticks than round numbers; whole numbers need no
/// ticks between them.
void refine_x_ticks(const std::vector<double>& values, PlotLayout& layout) {
  std::vector<double> ticks = layout.x.ticks();
  if (layout.x.scale() == PlotScale::logarithmic && values.size() <= 12) {
    ticks.clear();
    double last = -std::numeric_limits<double>::infinity();
    for (const double value : values) {
      const double place = layout.x_at(value);
      if (place - last < std::max(kDataTickDistance, text_width(tick_label(value)) + 6)) continue;
      ticks.push_back(value);
      last = place;
    }
  } else if (all_whole(values)) {
    std::erase_if(ticks, [](double tick) { return tick != std::floor(tick); });
  }
  layout.x.set_ticks(std::move(ticks));
}

/// A frame wide enough for the labels of both axes and for names at the lines' ends.
void place_sides(const SvgPlot& plot, const std::vector<size_t>& named_at_ends, PlotLayout& layout) {
  double widest_tick = 0, widest_name = 0;
  for (const double tick : layout.y.ticks()) widest_tick = std::max(widest_tick, text_width(tick_label(tick)));
  for (const size_t i : named_at_ends) widest_name = std::max(widest_name, text_width(plot.lines[i].name) + 12);
  layout.left = widest_tick + 10;
  layout.right = plot.width - widest_name - 10;
}

/// Equal slots for the categories, their labels below, and the lines' points beside each other in each slot.
void place_categories(const SvgPlot& plot, PlotLayout& layout) {
  const auto count = static_cast<double>(plot.categories.size());
  double slot = 0;
  for (int pass = 0; pass < kMostPasses; ++pass) {  // slanted labels may move the left side, which narrows the slots
    slot = (layout.right - layout.left) / count;
    layout.categories = category_labels(plot.categories, slot);
    const double needed = layout.categories.overhang - slot / 2;
    if (layout.left >= needed) break;
    layout.left = needed + 1;
  }
  layout.x = PlotAxis::exactly(-0.5, count - 0.5, PlotScale::linear, 1);
  std::vector<double> ticks(plot.categories.size());
  std::iota(ticks.begin(), ticks.end(), 0.0);
  layout.x.set_ticks(std::move(ticks));
  const auto lines = static_cast<double>(plot.lines.size());
  const double step = std::min(2 * kMostSideways, 0.7 * slot / std::max(lines, 1.0));
  for (size_t i = 0; i < plot.lines.size(); ++i) layout.sideways[i] = (static_cast<double>(i) - (lines - 1) / 2) * step;
}

/// Numbers from the first x to the last; few points are kept off the frame's sides.
void place_numbers(const SvgPlot& plot, const std::vector<double>& xs, PlotLayout& layout) {
  bool few = true, dots = false;
  for (const SvgPlot::Line& line : plot.lines) {
    few = few && line.points.size() <= kMostPointsWithDots;
    dots = dots || has_dots(line);
  }
  layout.inset = few ? 9 : dots ? 5 : 0;
  if (xs.empty()) return;
  const int most = std::max(2, static_cast<int>((layout.right - layout.left) / kTickDistanceX));
  layout.x = PlotAxis::exactly(xs.front(), xs.back(), plot.x_scale, most);
  refine_x_ticks(xs, layout);
}

std::vector<PointLabel> label_points(const SvgPlot& plot, const PlotLayout& layout) {
  std::vector<LabelledPoint> points;
  for (size_t i = 0; i < plot.lines.size(); ++i)
    for (const SvgPlot::Point& point : plot.lines[i].points)
      points.push_back({layout.x_at(point.x) + layout.sideways[i], layout.y_at(point.y), point.label});
  return place_labels(points, {layout.left, layout.top, layout.right, layout.bottom});
}

}  // namespace

bool has_dots(const SvgPlot::Line& line) {
  return !line.faint && (line.points_only || line.points.size() <= kMostPointsWithDots);
}

PlotLayout lay_out(const SvgPlot& plot, PlotTitle title) {
  PlotLayout layout;
  layout.sideways.resize(plot.lines.size());
  const std::vector<size_t> named = named_lines(plot);
  const std::vector<double> xs = x_values(plot);
  const bool at_ends = named.size() > 1 && !xs.empty() && names_fit_at_the_ends(plot, named, xs.back());
  double top = title == PlotTitle::inside && !plot.title.empty() ? kTitleHeight : 0;
  if ((plot.names == SvgPlot::Names::direct && named.size() > 1 && !at_ends) || plot.names == SvgPlot::Names::legend)
    top += place_legend(plot, named, top, layout);
  layout.y_label_y = top + 12;
  layout.top = top + kLabelHeight + 4;
  layout.bottom = layout.top + plot.plot_height;
  layout.y =
      PlotAxis::over(y_values(plot), plot.y_scale, std::max(2, static_cast<int>(plot.plot_height / kTickDistanceY)));
  place_sides(plot, at_ends ? named : std::vector<size_t>{}, layout);
  if (plot.categories.empty())
    place_numbers(plot, xs, layout);
  else
    place_categories(plot, layout);
  layout.x_label_y = layout.bottom + (plot.categories.empty() ? kTickHeight : layout.categories.height) +
                     (plot.x_label.empty() && !plot.categories.empty() ? 0 : kXLabelHeight);
  layout.height = layout.x_label_y + kFootMargin;
  if (at_ends) place_names_at_the_ends(plot, named, layout);
  layout.point_labels = label_points(plot, layout);
  return layout;
}

}  // namespace limbeck
