#include "report/plot_layout.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "report/text_table.h"

namespace limbeck {
namespace {
constexpr double kCharacterWidth = 6.6;  // of 12 px text, on average; a little generous
constexpr double kLegendLine = 19, kNameDistance = 14.5, kLongestDirectName = 150;
constexpr double kTitleHeight = 28, kLabelHeight = 23, kFootHeight = 40;
constexpr size_t kMostDirectNames = 8;
constexpr double kTickDistanceX = 62, kTickDistanceY = 42, kDataTickDistance = 26;

double text_width(const std::string& text) {
  return kCharacterWidth * static_cast<double>(terminal_width(text));
}

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

/// Direct names need few lines, short names, and ends at the same x.
bool names_fit_at_the_ends(const SvgPlot& plot, const std::vector<size_t>& named, double last_x) {
  if (plot.names != SvgPlot::Names::direct || named.size() > kMostDirectNames) return false;
  return std::all_of(named.begin(), named.end(), [&](size_t i) {
    const SvgPlot::Line& line = plot.lines[i];
    return line.points.back().x == last_x && text_width(line.name) <= kLongestDirectName;
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

}  // namespace

PlotLayout lay_out(const SvgPlot& plot, PlotTitle title) {
  PlotLayout layout;
  const std::vector<size_t> named = named_lines(plot);
  const std::vector<double> xs = x_values(plot);
  const bool at_ends = named.size() > 1 && !xs.empty() && names_fit_at_the_ends(plot, named, xs.back());
  double top = title == PlotTitle::inside && !plot.title.empty() ? kTitleHeight : 0;
  if ((named.size() > 1 && !at_ends) || plot.names == SvgPlot::Names::legend)
    top += place_legend(plot, named, top, layout);
  layout.y_label_y = top + 12;
  layout.top = top + kLabelHeight + 4;
  layout.bottom = layout.top + plot.plot_height;
  layout.height = layout.bottom + kFootHeight;

  layout.y =
      PlotAxis::over(y_values(plot), plot.y_scale, std::max(2, static_cast<int>(plot.plot_height / kTickDistanceY)));
  double widest_tick = 0, widest_name = 0;
  for (const double tick : layout.y.ticks()) widest_tick = std::max(widest_tick, text_width(tick_label(tick)));
  if (at_ends)
    for (const size_t i : named) widest_name = std::max(widest_name, text_width(plot.lines[i].name) + 12);
  layout.left = widest_tick + 10;
  layout.right = plot.width - widest_name - 10;
  const bool few =
      std::all_of(plot.lines.begin(), plot.lines.end(), [](const auto& line) { return line.points.size() <= 30; });
  layout.inset = few ? 9 : 0;
  if (!xs.empty()) {
    const int most = std::max(2, static_cast<int>((layout.right - layout.left) / kTickDistanceX));
    layout.x = PlotAxis::exactly(xs.front(), xs.back(), plot.x_scale, most);
    refine_x_ticks(xs, layout);
  }
  if (at_ends) place_names_at_the_ends(plot, named, layout);
  return layout;
}

}  // namespace limbeck
