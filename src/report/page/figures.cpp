#include <fmt/core.h>

#include "report/page/curves.h"
#include "report/page/sections.h"
#include "report/plots/paper_plot.h"
#include "report/plots/run_plots.h"

namespace limbeck {
namespace {
constexpr int kWidestInColumns = 560;  // wider charts have a row of their own, in which they scroll on narrow screens

}  // namespace

std::string figures_section(const Page& page) {
  std::string wide, figures;
  if (const std::optional<SvgPlot> paper = paper_plot(page.run))
    (paper->width > kWidestInColumns ? wide : figures) += figure_of(*paper);
  for (const ReportedPlot& plot : page.run.plots) figures += figure_of(plot_of(plot));
  if (!wide.empty()) wide = fmt::format("<div class=\"wide\">\n{}</div>\n", wide);
  if (!figures.empty()) figures = fmt::format("<div class=\"figures large\">\n{}</div>\n", figures);
  if (wide.empty() && figures.empty()) return "";
  return (page.several_seeds() ? note("Bars: one standard deviation over the seeds.") : "") + wide + figures;
}

}  // namespace limbeck
