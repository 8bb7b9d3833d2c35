#include "report/page/curves.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "report/html.h"
#include "report/statistics.h"

namespace limbeck {
namespace {

constexpr size_t kMostPoints = 300;  // per line; of longer runs every second, third, … epoch is drawn
constexpr int kSmallWidth = 360, kSmallHeight = 170, kBroadWidth = 1100, kBroadHeight = 280;

std::vector<SvgPlot::Point> thinned(const std::vector<SvgPlot::Point>& points) {
  const size_t stride = (points.size() + kMostPoints - 1) / kMostPoints;
  if (stride <= 1) return points;
  std::vector<SvgPlot::Point> kept;
  for (size_t i = 0; i < points.size(); i += stride) kept.push_back(points[i]);
  if (kept.back().x != points.back().x) kept.push_back(points.back());
  return kept;
}

std::vector<SvgPlot::Point> seed_curve(const std::vector<ReportedEpoch>& epochs, const Reading& reading) {
  std::vector<SvgPlot::Point> points;
  for (const ReportedEpoch& epoch : epochs)
    if (const auto value = reading(epoch)) points.push_back({static_cast<double>(epoch.epoch), *value});
  return thinned(points);
}

}  // namespace

Reading error_percent(std::optional<double> ReportedEpoch::*accuracy) {
  return [accuracy](const ReportedEpoch& epoch) -> std::optional<double> {
    return epoch.*accuracy ? std::optional(100 * (1 - *(epoch.*accuracy))) : std::nullopt;
  };
}

std::vector<SvgPlot::Point> mean_curve(const PageStage& stage, const Reading& reading) {
  if (stage.epochs.size() == 1) return seed_curve(stage.epochs.front(), reading);
  std::map<int64_t, std::vector<double>> values;
  for (const auto& epochs : stage.epochs)
    for (const ReportedEpoch& epoch : epochs)
      if (const auto value = reading(epoch)) values[epoch.epoch].push_back(*value);
  std::vector<SvgPlot::Point> points;
  for (const auto& [epoch, of_seeds] : values)
    if (of_seeds.size() == stage.epochs.size())
      points.push_back({static_cast<double>(epoch), mean_of(of_seeds), deviation_of(of_seeds)});
  return thinned(points);
}

void add_curve(const PageStage& stage, const std::string& name, int colour, const Reading& reading, SvgPlot& plot) {
  SvgPlot::Line main{.name = name, .points = mean_curve(stage, reading), .colour = colour, .bars = false};
  if (main.points.empty()) return;
  if (stage.epochs.size() > 1)
    for (const auto& epochs : stage.epochs)
      plot.lines.push_back(
          {.name = "", .points = seed_curve(epochs, reading), .colour = colour, .faint = true, .bars = false});
  plot.lines.push_back(std::move(main));
}

bool any_reads(const std::vector<PageStage>& stages, const Reading& reading) {
  return std::any_of(stages.begin(), stages.end(), [&](const PageStage& stage) {
    return !stage.epochs.empty() && std::any_of(stage.epochs.front().begin(), stage.epochs.front().end(),
                                                [&](const ReportedEpoch& epoch) { return reading(epoch).has_value(); });
  });
}

SvgPlot epoch_chart(const std::string& title, const std::string& y_label) {
  return {.title = title,
          .x_label = "epoch",
          .y_label = y_label,
          .lines = {},
          .width = kSmallWidth,
          .plot_height = kSmallHeight,
          .names = SvgPlot::Names::legend};
}

std::vector<double> positive_values(const SvgPlot& plot) {
  std::vector<double> values = plot.y_covers;
  for (const SvgPlot::Line& line : plot.lines)
    for (const SvgPlot::Point& point : line.points)
      if (point.y > 0) values.push_back(point.y);  // an error of zero is drawn at the lower border
  return values;
}

SvgPlot choose_axis_scale(SvgPlot plot) {
  if (!spread_over_decades(positive_values(plot))) return plot;
  plot.y_scale = PlotScale::logarithmic;
  plot.y_label += " (log scale)";
  return plot;
}

std::string figure_of(const SvgPlot& plot) {
  if (plot.lines.empty()) return "";
  return fmt::format("<figure><figcaption>{}</figcaption>\n{}</figure>\n", html_escape(plot.title), svg_plot(plot));
}

std::string whole_figure(const SvgPlot& narrow) {
  SvgPlot broad = narrow;
  broad.width = kBroadWidth;
  broad.plot_height = kBroadHeight;
  broad.names = SvgPlot::Names::direct;
  return fmt::format("<div class=\"figures whole broad\">{}</div>\n<div class=\"figures whole narrow\">{}</div>\n",
                     figure_of(choose_axis_scale(broad)), figure_of(choose_axis_scale(narrow)));
}

}  // namespace limbeck
