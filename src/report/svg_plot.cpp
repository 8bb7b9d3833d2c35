#include "report/svg_plot.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "report/html.h"
#include "report/plot_layout.h"
#include "report/plot_style.h"
#include "report/text_table.h"

namespace limbeck {
namespace {
constexpr size_t kMostPointsWithDots = 30;  // lines of more points are curves: no dot on each

std::string grid_and_axes(const SvgPlot& plot, const PlotLayout& layout) {
  std::string grid, labels;
  for (const double tick : layout.y.ticks()) {
    const double y = layout.y_at(tick);
    grid += fmt::format("M{:.1f} {:.1f}H{:.1f}", layout.left, y, layout.right);
    labels += fmt::format("<text class=\"end\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", layout.left - 7, y + 4,
                          typographic(tick_label(tick)));
  }
  std::string marks;
  for (const double tick : layout.x.ticks()) {
    const double x = layout.x_at(tick);
    marks += fmt::format("M{:.1f} {:.1f}v4", x, layout.bottom);
    labels += fmt::format("<text class=\"middle\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", x, layout.bottom + 17,
                          typographic(tick_label(tick)));
  }
  labels += fmt::format("<text x=\"2\" y=\"{:.1f}\">{}</text>", layout.y_label_y, html_escape(plot.y_label));
  labels += fmt::format("<text class=\"middle\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", (layout.left + layout.right) / 2,
                        layout.bottom + 34, html_escape(plot.x_label));
  return fmt::format("<path class=\"grid\" d=\"{}\"/><path class=\"axis\" d=\"M{:.1f} {:.1f}H{:.1f}{}\"/>{}\n", grid,
                     layout.left, layout.bottom, layout.right, marks, labels);
}

std::string error_bars(const SvgPlot::Line& line, const PlotLayout& layout) {
  std::string path;
  for (const SvgPlot::Point& point : line.points) {
    if (!point.deviation || *point.deviation <= 0) continue;
    const double x = layout.x_at(point.x), low = layout.y_at(point.y - *point.deviation),
                 high = layout.y_at(point.y + *point.deviation);
    path += fmt::format("M{:.1f} {:.1f}V{:.1f}m-3 0h6M{:.1f} {:.1f}h6", x, low, high, x - 3, low);
  }
  if (path.empty()) return "";
  return fmt::format("<path class=\"error c{}\" d=\"{}\"/>", line.colour % kPlotColours + 1, path);
}

std::string one_line(const SvgPlot::Line& line, const PlotLayout& layout) {
  if (line.points.empty()) return "";
  std::string path;
  for (const SvgPlot::Point& point : line.points)
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", layout.x_at(point.x), layout.y_at(point.y));
  std::string svg =
      fmt::format("<path class=\"line {}{}\" d=\"{}\"/>", colour_class(line.colour), line.faint ? " faint" : "", path);
  if (line.bars) svg += error_bars(line, layout);
  if (!line.faint && line.points.size() <= kMostPointsWithDots)
    for (const SvgPlot::Point& point : line.points)
      svg += fmt::format("<circle class=\"dot c{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\"/>",
                         line.colour % kPlotColours + 1, layout.x_at(point.x), layout.y_at(point.y));
  return svg + "\n";
}

std::string names(const SvgPlot& plot, const PlotLayout& layout) {
  std::string svg;
  for (const PlotLayout::Name& name : layout.names) {
    const SvgPlot::Line& line = plot.lines[name.line];
    svg += fmt::format("<path class=\"line {}\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\"/>", colour_class(line.colour),
                       name.mark_x, name.mark_y, name.x - 5, name.y - 4);
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", name.x, name.y, html_escape(line.name));
  }
  return svg + "\n";
}

std::string drawing(const SvgPlot& plot, const PlotLayout& layout) {
  std::string svg = grid_and_axes(plot, layout);
  for (const SvgPlot::Line& line : plot.lines)
    if (line.faint) svg += one_line(line, layout);
  for (const SvgPlot::Line& line : plot.lines)
    if (!line.faint) svg += one_line(line, layout);
  return svg + names(plot, layout);
}

/// "errors by epoch: train, validation" for those who cannot see the chart.
std::string spoken(const SvgPlot& plot) {
  std::string lines;
  for (const SvgPlot::Line& line : plot.lines)
    if (!line.faint) lines += (lines.empty() ? "" : ", ") + line.name;
  return fmt::format("{}{}{} by {}: {}", plot.title, plot.title.empty() ? "" : ": ", plot.y_label, plot.x_label, lines);
}

/// What the page's script needs to read values out: the frame, the axes and the lines' numbers.
std::string hover_data(const SvgPlot& plot, const PlotLayout& layout) {
  const auto rounded = [](double value) { return std::stod(fmt::format("{:.6g}", value)); };
  const auto axis = [](const PlotAxis& axis) {
    return Json{axis.low(), axis.high(), axis.scale() == PlotScale::logarithmic ? 1 : 0};
  };
  Json lines = Json::array();
  for (const SvgPlot::Line& line : plot.lines) {
    if (line.faint) continue;
    Json points = Json::array();
    for (const SvgPlot::Point& point : line.points) {
      Json numbers = {rounded(point.x), rounded(point.y)};
      if (point.deviation) numbers.push_back(rounded(*point.deviation));
      points.push_back(std::move(numbers));
    }
    lines.push_back({{"name", line.name}, {"colour", line.colour % kPlotColours + 1}, {"points", std::move(points)}});
  }
  const Json data = {{"frame", {layout.x_start(), layout.top, layout.x_end(), layout.bottom}},
                     {"x", axis(layout.x)},
                     {"y", axis(layout.y)},
                     {"x_label", plot.x_label},
                     {"lines", std::move(lines)}};
  return html_escape(script_json(data));
}

/// The line and the dots that follow the pointer.
std::string hover_marks(const SvgPlot& plot) {
  std::string marks = "<g class=\"hover\" visibility=\"hidden\"><path class=\"cross\"/>";
  for (const SvgPlot::Line& line : plot.lines)
    if (!line.faint) marks += fmt::format("<circle class=\"dot c{}\" r=\"4.5\"/>", line.colour % kPlotColours + 1);
  return marks + "</g>";
}

}  // namespace

std::string svg_plot(const SvgPlot& plot) {
  const PlotLayout layout = lay_out(plot, PlotTitle::outside);
  return fmt::format(
      "<svg class=\"plot\" viewBox=\"0 0 {0} {1:.0f}\" width=\"{0}\" height=\"{1:.0f}\" role=\"img\" tabindex=\"0\" "
      "aria-label=\"{2}\" data-plot=\"{3}\">\n{4}{5}</svg>\n",
      plot.width, layout.height, html_escape(spoken(plot)), hover_data(plot, layout), drawing(plot, layout),
      hover_marks(plot));
}

std::string standalone_svg(const SvgPlot& plot) {
  const PlotLayout layout = lay_out(plot, PlotTitle::inside);
  const std::string title =
      plot.title.empty() ? ""
                         : fmt::format("<text class=\"title\" x=\"2\" y=\"16\">{}</text>", html_escape(plot.title));
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" viewBox=\"-12 -12 {0} {1:.0f}\" width=\"{0}\" "
      "height=\"{1:.0f}\" role=\"img\" aria-label=\"{2}\">\n<style>\n{3}</style>\n{4}\n{5}</svg>\n",
      plot.width + 24, layout.height + 24, html_escape(spoken(plot)), plot_style(), title, drawing(plot, layout));
}

SvgPlot plot_of(const ReportedPlot& figure) {
  SvgPlot plot;
  plot.title = figure.title;
  plot.x_label = figure.x_label;
  plot.y_label = figure.y_label;
  if (figure.log_x) plot.x_scale = PlotScale::logarithmic;
  if (figure.log_y) plot.y_scale = PlotScale::logarithmic;
  plot.width = 500;
  for (const ReportedPlot::Line& line : figure.lines) {
    SvgPlot::Line drawn{.name = line.name, .points = {}, .colour = static_cast<int>(plot.lines.size())};
    for (const ReportedPlot::Point& point : line.points) drawn.points.push_back({point.x, point.y, point.deviation});
    std::stable_sort(drawn.points.begin(), drawn.points.end(),
                     [](const SvgPlot::Point& left, const SvgPlot::Point& right) { return left.x < right.x; });
    plot.lines.push_back(std::move(drawn));
  }
  return plot;
}

void write_plots(const fs::path& run_folder) {
  std::set<std::string> used;
  for (const ReportedPlot& figure : read_reported_run(run_folder).plots) {
    std::string name = slug(figure.title);
    for (int again = 2; !used.insert(name).second; ++again) name = fmt::format("{}-{}", slug(figure.title), again);
    write_file(run_folder / "plots" / (name + ".svg"), standalone_svg(plot_of(figure)));
  }
}

}  // namespace limbeck
