// Which classes the specialists know, and what they add for classes that none, one, two … of them know.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "core/text.h"
#include "report/html.h"
#include "report/page/sections.h"
#include "results/keys.h"

namespace limbeck {
namespace {

std::string percent(std::optional<double> part) {
  return part ? fmt::format("{:.2f} %", 100 * *part) : "–";
}
/// "+3.0 %", over several seeds "+3.0 ± 0.4 %".
std::string gain(const Spread* part) {
  if (part == nullptr) return "–";
  const std::string spread = part->deviation ? fmt::format(" ± {:.1f}", 100 * *part->deviation) : "";
  return typographic(fmt::format("{:+.1f}{} %", 100 * part->mean, spread));
}

std::string groups_of(const SpecialistsPart& found) {
  if (found.groups.empty()) return "";
  std::string rows;
  for (const SpecialistsPart::Group& group : found.groups)
    rows += fmt::format("<li>{}</li>\n", html_escape(fmt::format("{}", fmt::join(group.classes, ", "))));
  return fmt::format("<details><summary>The classes of each</summary>\n<ol>\n{}</ol></details>\n", rows);
}

std::string coverage_table(const SpecialistsPart& found) {
  if (found.by_coverage.empty()) return "";
  std::string rows;
  for (const SpecialistsPart::Coverage& row : found.by_coverage) {
    const Spread number{.mean = row.relative_gain.value_or(0)};
    rows += fmt::format(
        "<tr><td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td "
        "class=\"number\">{}</td><td class=\"number\">{}</td></tr>\n",
        row.specialists, with_commas(row.examples), with_commas(row.generalist_correct), with_commas(row.correct),
        gain(row.relative_gain ? &number : nullptr));
  }
  return "<div class=\"wide\"><table class=\"results\"><thead><tr><th class=\"number\">specialists that know the "
         "class</th><th class=\"number\">test examples</th>"
         "<th class=\"number\">generalist right</th><th class=\"number\">all right</th><th class=\"number\">relative "
         "gain</th></tr></thead>\n<tbody>\n" +
         rows + "</tbody></table></div>\n";
}

}  // namespace

std::string specialists_section(const Page& page) {
  std::string html;
  for (const PageStage& stage : page.stages) {
    if (!stage.result->specialists) continue;
    const SpecialistsPart& found = *stage.result->specialists;
    html += fmt::format("<h3>{}</h3>\n", stage_label(stage)) +
            note(fmt::format(
                "Accuracy {} with the generalist alone, {} with its specialists ({}); among the classes of a group, {} "
                "and {}. Adjusted Rand index of the "
                "groups and the data's superclasses: {}.",
                percent(found.generalist_accuracy), percent(found.accuracy),
                gain(stage.result->measure(keys::kTest, keys::kRelativeGain)),
                percent(found.conditional_accuracy.generalist), percent(found.conditional_accuracy.specialists),
                found.adjusted_rand_index ? typographic(fmt::format("{:.2f}", *found.adjusted_rand_index))
                                          : "none, since it has none")) +
            coverage_table(found) +
            (page.several_seeds() && !found.by_coverage.empty() ? note("Examples of all seeds added up.") : "") +
            groups_of(found);
  }
  return html;
}

}  // namespace limbeck
