#include <fmt/core.h>
#include <fmt/format.h>

#include "report/html.h"
#include "report/page/sections.h"

namespace limbeck {
namespace {

/// "--seeds 3" runs the seeds from 1 on (or from the recipe's); other seeds are run one by one.
std::string commands(const ReportedRun& run) {
  if (run.seeds.empty()) return "limbeck run recipe.yaml";
  if (run.seeds.size() == 1) return fmt::format("limbeck run recipe.yaml --seed {}", run.seeds.front());
  const auto command = [](const std::string& options, const std::string& remark) {
    return fmt::format("{:<40}# {}\n", "limbeck run recipe.yaml " + options, remark);
  };
  std::string lines;
  bool consecutive = true;
  for (size_t i = 1; i < run.seeds.size(); ++i) consecutive &= run.seeds[i] == run.seeds[i - 1] + 1;
  if (consecutive) lines += command(fmt::format("--seeds {}", run.seeds.size()), "all of them");
  for (const int64_t seed : run.seeds) {
    lines += command(fmt::format("--seed {}", seed), fmt::format("seed {} alone", seed));
    if (consecutive) break;
  }
  return lines;
}

std::string conditions_rows(const ReportedRun& run) {
  std::string rows;
  for (const auto& [conditions, stages] : stages_by_conditions(run))
    rows += fmt::format("<tr><td>training of {}</td><td>{}</td></tr>\n", html_escape(stages), html_escape(conditions));
  return rows;
}

std::string environment_table(const ReportedRun& run) {
  std::string rows;
  for (const auto& [key, value] : run.environment)
    if (!value.empty()) rows += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", html_escape(key), html_escape(value));
  if (!run.version.empty()) rows += fmt::format("<tr><td>limbeck</td><td>{}</td></tr>\n", html_escape(run.version));
  rows += conditions_rows(run);
  if (rows.empty()) return "";
  return fmt::format(
      "<h3>Environment</h3>\n<div class=\"wide\"><table class=\"facts-table\"><tbody>\n{}</tbody></table></div>\n",
      rows);
}

}  // namespace

std::string settings_section(const Page& page) {
  std::string html =
      fmt::format("<div class=\"columns\"><div>\n<h3>Run it again</h3>\n<pre>{}</pre>\n", commands(page.run));
  html += note(
      "The seed decides everything random: on the CPU of the same machine the same recipe and seed give the same "
      "weights.");
  html += environment_table(page.run) + "</div>\n";
  if (!page.recipe.empty())
    html += fmt::format("<div>\n<h3>recipe.yaml</h3>\n<pre>{}</pre></div>\n", html_escape(page.recipe));
  return html + "</div>\n";
}

}  // namespace limbeck
