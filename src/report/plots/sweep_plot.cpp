#include "report/plots/sweep_plot.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "core/json.h"
#include "report/plots/plot_style.h"
#include "report/sweep_report.h"
#include "results/json_fields.h"
#include "results/keys.h"
#include "results/reported_sweep.h"

namespace limbeck {
namespace {
constexpr int kWidth = 640, kHeight = 280;
constexpr double kLeastRatio = 1.5, kSameRatio = 1.2;  // of a geometric grid, and how far two ratios may be apart

/// The first key with a number in every point.
std::optional<size_t> numeric_key(const ReportedSweep& sweep) {
  for (size_t key = 0; key < sweep.keys.size(); ++key)
    if (std::all_of(sweep.points.begin(), sweep.points.end(),
                    [&](const ReportedSweep::Point& point) { return json_number(point.values[key]).has_value(); }))
      return key;
  return std::nullopt;
}

/// 1, 2, 4 and 0.01, 0.03, 0.1: each about the same multiple of the one before.
bool geometric(const std::set<double>& values) {
  if (values.size() < 3 || *values.begin() <= 0) return false;
  double least = 0, most = 0;
  for (auto value = std::next(values.begin()); value != values.end(); ++value) {
    const double ratio = *value / *std::prev(value);
    least = least == 0 ? ratio : std::min(least, ratio);
    most = std::max(most, ratio);
  }
  return least >= kLeastRatio && most <= kSameRatio * least;
}

/// The settings of all keys but one, which are the name of a point's line.
std::string other_settings(const ReportedSweep& sweep, const ReportedSweep::Point& point, size_t but) {
  std::string text;
  for (size_t key = 0; key < sweep.keys.size(); ++key)
    if (key != but) text += (text.empty() ? "" : ", ") + sweep.names[key] + " " + setting_text(point.values[key]);
  return text;
}

/// Places on the x axis: numbers as they are, other settings as categories in the order in which they come.
double place(const Json& value, bool categorical, SvgPlot& plot) {
  if (!categorical) return json_number(value).value();
  const std::string name = setting_text(value);
  const auto found = std::find(plot.categories.begin(), plot.categories.end(), name);
  const auto index = found - plot.categories.begin();
  if (found == plot.categories.end()) plot.categories.push_back(name);
  return static_cast<double>(index);
}

SvgPlot::Point scaled(double x, const Spread& number, double scale) {
  SvgPlot::Point point{x, number.mean * scale};
  if (number.deviation) point.deviation = *number.deviation * scale;
  return point;
}

std::vector<SvgPlot::Line> lines_of(const ReportedSweep& sweep, size_t key, bool categorical, SvgPlot& plot) {
  const MetricFormat format = metric_format(sweep.metric);
  std::map<std::string, size_t> places;
  std::vector<SvgPlot::Line> lines;
  for (const ReportedSweep::Point& point : sweep.points) {
    const Spread* number = point.on(keys::kTest);
    if (number == nullptr) continue;
    const std::string name = other_settings(sweep, point, key);
    const auto [found, added] = places.emplace(name, lines.size());
    if (added) lines.push_back({.name = name, .points = {}, .colour = static_cast<int>(lines.size())});
    lines[found->second].points.push_back(scaled(place(point.values[key], categorical, plot), *number, format.scale));
  }
  return lines;
}

/// Settings drawn at random share no line: they are points of one.
std::vector<SvgPlot::Line> joined_where_all_alone(std::vector<SvgPlot::Line> lines) {
  const bool alone =
      std::all_of(lines.begin(), lines.end(), [](const SvgPlot::Line& line) { return line.points.size() == 1; });
  if (!alone || lines.size() <= kPlotColours) return lines;
  SvgPlot::Line joined{.name = "", .points = {}, .points_only = true};
  for (const SvgPlot::Line& line : lines) joined.points.push_back(line.points.front());
  return {joined};
}

void choose_scales(SvgPlot& plot) {
  std::set<double> xs;
  std::vector<double> ys;
  for (const SvgPlot::Line& line : plot.lines)
    for (const SvgPlot::Point& point : line.points) {
      xs.insert(point.x);
      ys.push_back(point.y);
    }
  if (plot.categories.empty() && (geometric(xs) || spread_over_decades({xs.begin(), xs.end()})))
    plot.x_scale = PlotScale::logarithmic;
  if (!spread_over_decades(ys)) return;
  plot.y_scale = PlotScale::logarithmic;
  plot.y_label += " (log scale)";
}

}  // namespace

std::optional<SvgPlot> sweep_plot(const Json& sweep) {
  return sweep_plot(parse_reported_sweep(sweep));
}

std::optional<SvgPlot> sweep_plot(const ReportedSweep& sweep) {
  if (sweep.keys.empty()) return std::nullopt;
  const std::optional<size_t> numeric = numeric_key(sweep);
  const size_t key = numeric.value_or(0);
  const MetricFormat format = metric_format(sweep.metric);
  SvgPlot plot;
  plot.lines = joined_where_all_alone(lines_of(sweep, key, !numeric, plot));
  if (plot.lines.empty()) return std::nullopt;
  for (SvgPlot::Line& line : plot.lines) {
    if (line.name.empty()) line.name = format.label;
    line.points_only = line.points_only || !numeric;
    std::stable_sort(line.points.begin(), line.points.end(),
                     [](const SvgPlot::Point& left, const SvgPlot::Point& right) { return left.x < right.x; });
  }
  plot.x_label = sweep.names[key];
  plot.y_label = "test " + format.label + (format.unit.empty() ? "" : ", " + format.unit);
  plot.title = (sweep.stage.empty() ? "" : sweep.stage + ": ") + "test " + format.label + " by " + plot.x_label;
  plot.width = kWidth;
  plot.plot_height = kHeight;
  choose_scales(plot);
  return plot;
}

}  // namespace limbeck
