// Errors, recall and precision of each class under each stage. The bars behind the errors make the hard classes stand
// out.
#include <fmt/core.h>

#include <algorithm>

#include "core/text.h"
#include "report/html.h"
#include "report/page/sections.h"
#include "report/plots/plot_style.h"

namespace limbeck {
namespace {
constexpr size_t kMostStages = 4;
constexpr size_t kMostOpenClasses = 25;

std::string percent(std::optional<double> share) {
  return share ? fmt::format("{:.2f}", *share * 100) : "–";
}

std::string stage_cells(const ClassDetail& of, int64_t most_errors, int colour) {
  const double share = most_errors > 0 ? static_cast<double>(of.errors) / static_cast<double>(most_errors) : 0.0;
  return fmt::format(
      "<td class=\"number first bar\"><span><i class=\"{}\" style=\"width:{:.1f}%\"></i></span>{}</td>"
      "<td class=\"number detail\">{}</td><td class=\"number detail\">{}</td>",
      colour_class(colour), share * 100, with_commas(of.errors), percent(of.recall), percent(of.precision));
}

std::string head(const std::vector<const PageStage*>& stages) {
  std::string names, columns;
  for (const PageStage* stage : stages) {
    names += fmt::format("<th class=\"group\" colspan=\"3\">{}</th>", stage_label(*stage));
    columns +=
        "<th class=\"number first\">errors</th><th class=\"number detail\">recall %</th><th class=\"number "
        "detail\">precision %</th>";
  }
  return fmt::format(
      "<thead><tr><th></th><th></th>{}</tr>\n<tr><th>class</th><th class=\"number\">examples</th>{}</tr></thead>\n",
      names, columns);
}

/// The classes by errors of all shown stages, hardest first, when there are too many to show in their own order.
std::vector<size_t> class_order(const std::vector<const PageStage*>& stages) {
  std::vector<size_t> order(stages.front()->detail.classes.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  if (order.size() <= kMostOpenClasses) return order;
  const auto errors = [&](size_t i) {
    int64_t sum = 0;
    for (const PageStage* stage : stages) sum += stage->detail.classes[i].errors;
    return sum;
  };
  std::stable_sort(order.begin(), order.end(), [&](size_t left, size_t right) { return errors(left) > errors(right); });
  return order;
}

std::string rows(const std::vector<const PageStage*>& stages, const std::vector<size_t>& order, size_t from,
                 size_t to) {
  int64_t most_errors = 0;
  for (const PageStage* stage : stages)
    for (const ClassDetail& of : stage->detail.classes) most_errors = std::max(most_errors, of.errors);
  std::string html;
  for (size_t i = from; i < to; ++i) {
    const ClassDetail& of = stages.front()->detail.classes[order[i]];
    html += fmt::format("<tr><td>{}</td><td class=\"number\">{}</td>", html_escape(of.name), with_commas(of.examples));
    for (const PageStage* stage : stages)
      html += stage_cells(stage->detail.classes[order[i]], most_errors, stage->colour);
    html += "</tr>\n";
  }
  return html;
}

std::string table(const std::vector<const PageStage*>& stages, const std::string& rows) {
  return fmt::format("<div class=\"wide\"><table class=\"classes\">{}<tbody>\n{}</tbody></table></div>\n", head(stages),
                     rows);
}

}  // namespace

std::string classes_section(const Page& page) {
  std::vector<const PageStage*> stages =
      chosen_stages(page, kMostStages, [](const PageStage& stage) { return !stage.detail.classes.empty(); });
  if (stages.empty()) return "";
  const size_t count = stages.front()->detail.classes.size();
  std::erase_if(stages, [&](const PageStage* stage) { return stage->detail.classes.size() != count; });
  const std::vector<size_t> order = class_order(stages);
  const size_t open = std::min(count, kMostOpenClasses);
  std::string html =
      note(fmt::format("On the {}{}. Recall: of the class’s examples, those found; precision: of the "
                       "predictions of the class, those right.",
                       html_escape(detail_note(page, *stages.front())),
                       count > open ? fmt::format("; the {} hardest of {} classes first", open, count) : "")) +
      table(stages, rows(stages, order, 0, open));
  if (count > open)
    html += fmt::format("<details><summary>The other {} classes</summary>\n{}</details>\n", count - open,
                        table(stages, rows(stages, order, open, count)));
  return html;
}

}  // namespace limbeck
