#include "report/plots/run_plots.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "report/html.h"
#include "report/plots/paper_plot.h"
#include "report/plots/plot_style.h"

namespace limbeck {

SvgPlot plot_of(const ReportedPlot& figure) {
  SvgPlot plot;
  plot.title = figure.title;
  plot.x_label = figure.x_label;
  plot.y_label = figure.y_label;
  if (figure.log_x) plot.x_scale = PlotScale::logarithmic;
  if (figure.log_y) plot.y_scale = PlotScale::logarithmic;
  plot.categories = figure.categories;
  plot.width = categorical_width(plot.categories.size());
  int colours = 0;
  for (const ReportedPlot::Line& line : figure.lines) {
    SvgPlot::Line drawn{.name = line.name, .points = {}, .colour = line.name == "paper" ? kNeutralColour : colours++};
    drawn.points_only = figure.points_only || !figure.categories.empty();  // nothing lies between two categories
    for (const ReportedPlot::Point& point : line.points) drawn.points.push_back({point.x, point.y, point.deviation});
    std::stable_sort(drawn.points.begin(), drawn.points.end(),
                     [](const SvgPlot::Point& left, const SvgPlot::Point& right) { return left.x < right.x; });
    plot.lines.push_back(std::move(drawn));
  }
  return plot;
}

void write_plots(const fs::path& run_folder) {
  const ReportedRun run = read_reported_run(run_folder);
  std::set<std::string> used;
  if (const std::optional<SvgPlot> paper = paper_plot(run)) {
    used.insert("paper");
    write_file(run_folder / "plots" / "paper.svg", standalone_svg(*paper));
  }
  for (const ReportedPlot& figure : run.plots) {
    std::string name = slug(figure.title);
    for (int again = 2; !used.insert(name).second; ++again) name = fmt::format("{}-{}", slug(figure.title), again);
    write_file(run_folder / "plots" / (name + ".svg"), standalone_svg(plot_of(figure)));
  }
}

}  // namespace limbeck
