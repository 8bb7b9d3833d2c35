#include "report/plots/svg_plot.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/json.h"
#include "report/html.h"
#include "report/plots/plot_layout.h"
#include "report/plots/plot_style.h"
#include "report/text_table.h"

namespace limbeck {
namespace {

std::string x_tick_labels(const PlotLayout& layout) {
  std::string labels;
  for (const double tick : layout.x.ticks())
    labels += fmt::format("<text class=\"middle\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", layout.x_at(tick),
                          layout.bottom + 17, typographic(tick_label(tick)));
  return labels;
}

std::string category_texts(const PlotLayout& layout) {
  std::string texts;
  for (size_t i = 0; i < layout.categories.lines.size(); ++i) {
    const double x = layout.x_at(static_cast<double>(i));
    double y = layout.bottom + 17;
    for (const std::string& line : layout.categories.lines[i]) {
      if (layout.categories.slanted)
        texts += fmt::format("<text class=\"end\" transform=\"translate({:.1f} {:.1f})rotate({})\">{}</text>", x + 4,
                             layout.bottom + 13, -kSlant, html_escape(line));
      else
        texts += fmt::format("<text class=\"middle\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", x, y, html_escape(line));
      y += kCategoryLineHeight;
    }
  }
  return texts;
}

std::string grid_and_axes(const SvgPlot& plot, const PlotLayout& layout) {
  std::string grid, labels;
  for (const double tick : layout.y.ticks()) {
    const double y = layout.y_at(tick);
    grid += fmt::format("M{:.1f} {:.1f}H{:.1f}", layout.left, y, layout.right);
    labels += fmt::format("<text class=\"end\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", layout.left - 7, y + 4,
                          typographic(tick_label(tick)));
  }
  std::string marks;
  for (const double tick : layout.x.ticks()) marks += fmt::format("M{:.1f} {:.1f}v4", layout.x_at(tick), layout.bottom);
  labels += plot.categories.empty() ? x_tick_labels(layout) : category_texts(layout);
  labels += fmt::format("<text x=\"2\" y=\"{:.1f}\">{}</text>", layout.y_label_y, html_escape(plot.y_label));
  labels += fmt::format("<text class=\"middle\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", (layout.left + layout.right) / 2,
                        layout.x_label_y, html_escape(plot.x_label));
  return fmt::format("<path class=\"grid\" d=\"{}\"/><path class=\"axis\" d=\"M{:.1f} {:.1f}H{:.1f}{}\"/>{}\n", grid,
                     layout.left, layout.bottom, layout.right, marks, labels);
}

std::string hue(const SvgPlot::Line& line) {
  return fmt::format("c{}", line.colour % kPlotColours + 1);
}

std::string error_bars(const SvgPlot::Line& line, const PlotLayout& layout, double sideways) {
  std::string path;
  for (const SvgPlot::Point& point : line.points) {
    if (!point.deviation || *point.deviation <= 0) continue;
    const double x = layout.x_at(point.x) + sideways, low = layout.y_at(point.y - *point.deviation),
                 high = layout.y_at(point.y + *point.deviation);
    path += fmt::format("M{:.1f} {:.1f}V{:.1f}m-3 0h6M{:.1f} {:.1f}h6", x, low, high, x - 3, low);
  }
  return path.empty() ? "" : fmt::format("<path class=\"error {}\" d=\"{}\"/>", hue(line), path);
}

/// Around a curve, from one deviation above it to one below: bars at hundreds of places would run into each other.
std::string error_band(const SvgPlot::Line& line, const PlotLayout& layout) {
  std::string above, below;
  for (const SvgPlot::Point& point : line.points) {
    const double x = layout.x_at(point.x), deviation = point.deviation.value_or(0);
    above += fmt::format("{}{:.1f} {:.1f}", above.empty() ? "M" : "L", x, layout.y_at(point.y + deviation));
    below.insert(0, fmt::format("L{:.1f} {:.1f}", x, layout.y_at(point.y - deviation)));
  }
  return fmt::format("<path class=\"band {}\" d=\"{}{}Z\"/>", hue(line), above, below);
}

std::string deviations(const SvgPlot::Line& line, const PlotLayout& layout, double sideways) {
  const bool any = std::any_of(line.points.begin(), line.points.end(),
                               [](const SvgPlot::Point& point) { return point.deviation.value_or(0) > 0; });
  if (!line.bars || !any) return "";
  const bool curve = !line.points_only && line.points.size() > kMostPointsWithDots;
  return curve ? error_band(line, layout) : error_bars(line, layout, sideways);
}

std::string strokes(const SvgPlot::Line& line, const PlotLayout& layout) {
  if (line.points_only) return "";
  std::string path;
  for (const SvgPlot::Point& point : line.points)
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", layout.x_at(point.x), layout.y_at(point.y));
  return fmt::format("<path class=\"line {}{}\" d=\"{}\"/>", colour_class(line.colour), line.faint ? " faint" : "",
                     path);
}

std::string dot(const SvgPlot::Line& line, double x, double y) {
  const bool many = line.points.size() > kMostPointsWithDots;
  return fmt::format("<circle class=\"dot{} {}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"/>", many ? " small" : "",
                     hue(line), x, y, many ? "2.5" : "4");
}

std::string one_line(const SvgPlot& plot, size_t index, const PlotLayout& layout) {
  const SvgPlot::Line& line = plot.lines[index];
  if (line.points.empty()) return "";
  const double sideways = layout.sideways[index];
  std::string svg = deviations(line, layout, sideways) + strokes(line, layout);
  if (has_dots(line))
    for (const SvgPlot::Point& point : line.points)
      svg += dot(line, layout.x_at(point.x) + sideways, layout.y_at(point.y));
  return svg + "\n";
}

std::string names(const SvgPlot& plot, const PlotLayout& layout) {
  std::string svg;
  for (const PlotLayout::Name& name : layout.names) {
    const SvgPlot::Line& line = plot.lines[name.line];
    const bool in_legend = name.y < layout.top, only_dots = line.points_only || line.points.size() == 1;
    if (in_legend && only_dots)
      svg += dot(line, (name.mark_x + name.x - 5) / 2, name.mark_y);
    else
      svg += fmt::format("<path class=\"line {}\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\"/>", colour_class(line.colour),
                         name.mark_x, name.mark_y, name.x - 5, name.y - 4);
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", name.x, name.y, html_escape(line.name));
  }
  return svg + "\n";
}

std::string point_labels(const PlotLayout& layout) {
  std::string svg;
  for (const PointLabel& label : layout.point_labels)
    svg += fmt::format("<text{} x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", label.ends_there ? " class=\"end\"" : "", label.x,
                       label.y, html_escape(label.text));
  return svg;
}

std::string drawing(const SvgPlot& plot, const PlotLayout& layout) {
  std::string svg = grid_and_axes(plot, layout);
  for (const bool faint : {true, false})
    for (size_t i = 0; i < plot.lines.size(); ++i)
      if (plot.lines[i].faint == faint) svg += one_line(plot, i, layout);
  return svg + point_labels(layout) + names(plot, layout);
}

/// "errors by epoch: train, validation" for those who cannot see the chart.
std::string spoken(const SvgPlot& plot) {
  std::string lines;
  for (const SvgPlot::Line& line : plot.lines)
    if (!line.faint) lines += (lines.empty() ? "" : ", ") + line.name;
  const std::string by = plot.x_label.empty() ? "" : " by " + plot.x_label;
  return fmt::format("{}{}{}{}: {}", plot.title, plot.title.empty() ? "" : ": ", plot.y_label, by, lines);
}

/// What the page's script needs to read values out: the frame, the axes and the lines' numbers.
std::string hover_data(const SvgPlot& plot, const PlotLayout& layout) {
  const auto rounded = [](double value) { return std::stod(fmt::format("{:.6g}", value)); };
  const auto axis = [](const PlotAxis& axis) {
    return Json{axis.low(), axis.high(), axis.scale() == PlotScale::logarithmic ? 1 : 0};
  };
  Json lines = Json::array();
  for (size_t i = 0; i < plot.lines.size(); ++i) {
    const SvgPlot::Line& line = plot.lines[i];
    if (line.faint) continue;
    Json points = Json::array();
    for (const SvgPlot::Point& point : line.points) {
      Json numbers = {rounded(point.x), rounded(point.y)};
      if (point.deviation) numbers.push_back(rounded(*point.deviation));
      points.push_back(std::move(numbers));
    }
    lines.push_back({{"name", line.name}, {"colour", line.colour % kPlotColours + 1}, {"points", std::move(points)}});
    if (layout.sideways[i] != 0) lines.back()["sideways"] = rounded(layout.sideways[i]);
  }
  Json data = {{"frame", {layout.x_start(), layout.top, layout.x_end(), layout.bottom}},
               {"x", axis(layout.x)},
               {"y", axis(layout.y)},
               {"x_label", plot.x_label},
               {"lines", std::move(lines)}};
  if (!plot.categories.empty()) data["categories"] = plot.categories;
  return html_escape(script_json(data));
}

/// The line and the dots that follow the pointer.
std::string hover_marks(const SvgPlot& plot) {
  std::string marks = "<g class=\"hover\" visibility=\"hidden\"><path class=\"cross\"/>";
  for (const SvgPlot::Line& line : plot.lines)
    if (!line.faint) marks += fmt::format("<circle class=\"dot {}\" r=\"4.5\"/>", hue(line));
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

int categorical_width(size_t categories) {
  constexpr int kLeast = 500, kMost = 1100, kSides = 60, kCategory = 96;
  return std::clamp(kSides + kCategory * static_cast<int>(std::min<size_t>(categories, kMost)), kLeast, kMost);
}

}  // namespace limbeck
