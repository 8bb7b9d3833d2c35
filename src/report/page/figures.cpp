#include <fmt/core.h>

#include "report/html.h"
#include "report/page/sections.h"
#include "report/paper_plot.h"
#include "report/svg_plot.h"

namespace limbeck {
namespace {
constexpr int kWidestInColumns = 560;  // wider charts have a row of their own, in which they scroll on narrow screens

std::string figure(const SvgPlot& plot) {
  return fmt::format("<figure><figcaption>{}</figcaption>\n{}</figure>\n", html_escape(plot.title), svg_plot(plot));
}

}  // namespace

std::string figures_section(const Page& page) {
  std::string wide, figures;
  if (const std::optional<SvgPlot> paper = paper_plot(page.run))
    (paper->width > kWidestInColumns ? wide : figures) += figure(*paper);
  for (const ReportedPlot& plot : page.run.plots) figures += figure(plot_of(plot));
  if (!wide.empty()) wide = fmt::format("<div class=\"wide\">\n{}</div>\n", wide);
  if (!figures.empty()) figures = fmt::format("<div class=\"figures large\">\n{}</div>\n", figures);
  if (wide.empty() && figures.empty()) return "";
  return (page.several_seeds() ? note("Bars: one standard deviation over the seeds.") : "") + wide + figures;
}

}  // namespace limbeck
