#include <fmt/core.h>

#include "report/html.h"
#include "report/page/sections.h"
#include "report/svg_plot.h"

namespace limbeck {

std::string figures_section(const Page& page) {
  std::string figures;
  for (const ReportedPlot& figure : page.run.plots)
    figures += fmt::format("<figure><figcaption>{}</figcaption>\n{}</figure>\n", html_escape(figure.title),
                           svg_plot(plot_of(figure)));
  if (figures.empty()) return "";
  return (page.several_seeds() ? note("Bars: one standard deviation over the seeds.") : "") +
         fmt::format("<div class=\"figures large\">\n{}</div>\n", figures);
}

}  // namespace limbeck
