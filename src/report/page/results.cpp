#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "core/text.h"
#include "report/html.h"
#include "report/page/sections.h"
#include "report/page/terms.h"
#include "report/paper.h"
#include "report/plots/plot_style.h"
#include "results/keys.h"

namespace limbeck {
namespace {
constexpr const char* kOtherMeasures[] = {keys::kNll,         keys::kEce,           keys::kAgreement,
                                          keys::kTeacherKl,   keys::kWordErrorRate, keys::kStringWordErrorRate,
                                          keys::kRelativeGain};
/// Rates of word errors, and where an evaluation holds what they are made of.
constexpr std::pair<std::string_view, const char*> kWordCounts[] = {{keys::kWordErrorRate, keys::kWords},
                                                                    {keys::kStringWordErrorRate, keys::kStringWords}};

/// A column of the table: left out when no row fills it.
struct Column {
  std::string key;  ///< of its measure
  std::string header;
  bool numeric = true;
  std::vector<std::string> cells = {};  ///< HTML
};

std::string number_cell(const std::string& text) {
  return html_escape(typographic(text));
}

std::string small(const std::string& html) {
  return html.empty() ? "" : fmt::format("<small>{}</small>", html);
}

/// The mean, with the spread below it.
std::string measure_cell(const std::string& key, const Spread* measured) {
  if (!measured) return "";
  const std::string text = number_cell(metric_format(key).format(*measured));
  const size_t spread = text.find("± ");
  return number_cell(metric_format(key).formatted_mean(*measured)) +
         (spread == std::string::npos ? "" : small(text.substr(spread)));
}

/// "3 substitutions, 1 deletion, 0 insertions", each on its own line below a rate of word errors.
std::string word_changes(const ReportedStage& stage, const std::string& split, const std::string& counts) {
  std::string lines;
  for (const char* kind : {"substitution", "deletion", "insertion"}) {
    const Spread* number = stage.measure(split, fmt::format("{}.{}s", counts, kind));
    if (!number) continue;
    const std::string text = metric_format(keys::kErrors).formatted_mean(*number);
    lines += small(fmt::format("{} {}{}", text, kind, text == "1" ? "" : "s"));
  }
  return lines;
}

/// The range of the strips that show errors as places on a line: all stages' and the paper's numbers, with a margin.
struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  double percent(double value) const { return high > low ? 4 + 92 * (value - low) / (high - low) : 50; }
};

/// The paper's numbers are those of the split that the run is judged by.
std::vector<PaperComparison> comparisons(const Page& page, const ReportedStage& stage, const std::string& split) {
  return split == page.split ? paper_comparisons(stage, split) : std::vector<PaperComparison>{};
}

std::vector<PaperComparison> paper_errors(const Page& page, const ReportedStage& stage, const std::string& split) {
  std::vector<PaperComparison> all = comparisons(page, stage, split);
  std::erase_if(all, [](const PaperComparison& comparison) { return comparison.key != keys::kErrors; });
  return all;
}

Range error_range(const Page& page, const std::string& split) {
  Range range;
  for (const PageStage* network : page.networks()) {
    if (const Spread* errors = network->result->measure(split, keys::kErrors)) {
      range.include(errors->mean - errors->deviation.value_or(0));
      range.include(errors->mean + errors->deviation.value_or(0));
    }
    for (const PaperComparison& paper : paper_errors(page, *network->result, split)) range.include(paper.paper_value);
  }
  return range;
}

std::string strip(const Page& page, const PageStage& stage, const std::string& split, const Range& range) {
  const Spread* errors = stage.result->measure(split, keys::kErrors);
  if (!errors) return "";
  std::string marks;
  if (errors->deviation) {
    const double from = range.percent(errors->mean - *errors->deviation);
    marks += fmt::format("<i class=\"whisker\" style=\"left:{:.1f}%;width:{:.1f}%\"></i>", from,
                         range.percent(errors->mean + *errors->deviation) - from);
  }
  for (const PaperComparison& paper : paper_errors(page, *stage.result, split))
    marks += fmt::format("<i class=\"paper\" style=\"left:{:.1f}%\"></i>", range.percent(paper.paper_value));
  marks += fmt::format("<i class=\"place\" style=\"left:{:.1f}%\"></i>", range.percent(errors->mean));
  return fmt::format("<span class=\"strip c{}\">{}</span>", stage.colour % kPlotColours + 1, marks);
}

/// "taught by large, 67 errors"; the number also of a teacher that is no stage of the run.
std::string teacher_text(const ReportedStage& stage, const std::string& split) {
  const Spread* errors = stage.measure(split, keys::kTeacherErrors);
  const std::string number = errors ? metric_format(keys::kErrors).format(*errors) + " errors" : "";
  if (stage.teacher.empty()) return number.empty() ? "" : "its teacher: " + number;
  return fmt::format("taught by {}{}{}", stage.teacher, number.empty() ? "" : ", ", number);
}

std::string stage_cell(const PageStage& stage, const std::string& split) {
  std::string cell = stage_label(stage);
  if (stage.result->status != "done" && !stage.result->status.empty())
    cell += fmt::format(" <em>{}</em>", html_escape(stage.result->status));
  cell += small(html_escape(teacher_text(*stage.result, split)));
  std::string detail = stage.result->objective;
  if (stage.result->epochs)
    detail += fmt::format("{}{} epoch{}", detail.empty() ? "" : ", ", with_commas(*stage.result->epochs),
                          *stage.result->epochs == 1 ? "" : "s");
  return cell + small(html_escape(detail)) + small(html_escape(stage.result->note));
}

std::string network_cell(const PageStage& stage) {
  const ReportedStage& result = *stage.result;
  std::string size;
  if (result.parameters) size += with_commas(*result.parameters) + " parameters";
  if (result.multiply_adds)
    size += fmt::format("{}{} multiply-adds", size.empty() ? "" : "<br>", with_commas(*result.multiply_adds));
  return html_escape(result.network_description.empty() ? result.network : result.network_description) + small(size);
}

/// The paper's number, and below it by how much ours differs; ours as well where it has no column.
std::string paper_cell(const Page& page, const ReportedStage& stage, const std::string& split) {
  std::string cell;
  for (const PaperComparison& comparison : comparisons(page, stage, split)) {
    const bool errors = comparison.key == keys::kErrors;
    if (!errors) cell += small(html_escape(metric_format(comparison.key).label));
    cell += number_cell(comparison.paper);
    if (comparison.difference.empty()) continue;
    const std::string difference = typographic(comparison.difference);
    cell += small(errors ? "ours " + difference : fmt::format("ours {} ({})", comparison.ours, difference));
  }
  return cell;
}

std::string time_cell(const PageStage& stage) {
  const ReportedStage& result = *stage.result;
  return (result.seconds ? duration(*result.seconds) : "") +
         (result.examples_per_second ? small(with_commas(std::llround(*result.examples_per_second)) + " examples/s")
                                     : "");
}

/// All stages, and the given teachers that were evaluated on the split.
std::vector<const PageStage*> rows(const Page& page, const std::string& split) {
  std::vector<const PageStage*> networks = page.networks();
  std::erase_if(networks, [&](const PageStage* network) {
    return network->result->status == "given" && network->result->evaluation(split) == nullptr;
  });
  return networks;
}

/// What is asked first stands first.
std::vector<Column> columns(const Page& page, const std::string& split) {
  const Range range = error_range(page, split);
  const std::vector<const PageStage*> networks = rows(page, split);
  std::vector<Column> columns;
  const auto add = [&](const std::string& header, bool numeric, auto cell) {
    Column& column = columns.emplace_back(Column{"", header, numeric});
    for (const PageStage* network : networks) column.cells.push_back(cell(*network));
  };
  add("stage", false, [&](const PageStage& stage) { return stage_cell(stage, split); });
  const auto add_measure = [&](const std::string& header, const std::string& key) {
    add(header, true,
        [&, key](const PageStage& stage) { return measure_cell(key, stage.result->measure(split, key)); });
    columns.back().key = key;
  };
  add_measure(keys::kAccuracy, keys::kAccuracy);
  add_measure(split + " errors", keys::kErrors);
  add("", false, [&](const PageStage& stage) { return strip(page, stage, split, range); });
  add("paper", true, [&](const PageStage& stage) { return paper_cell(page, *stage.result, split); });
  add_measure(metric_format(keys::kMemberErrors).label, keys::kMemberErrors);
  if (split != keys::kTrain)
    add("train accuracy", true, [](const PageStage& stage) {
      return measure_cell(keys::kAccuracy, stage.result->measure(keys::kTrain, keys::kAccuracy));
    });
  for (const char* key : kOtherMeasures) {
    add_measure(metric_format(key).label, key);
    for (const auto& [rate, counts] : kWordCounts)
      for (size_t row = 0; rate == key && row < networks.size(); ++row)
        columns.back().cells[row] += word_changes(*networks[row]->result, split, counts);
  }
  add("network", false, network_cell);
  add("time", true, time_cell);
  std::erase_if(columns, [](const Column& column) {
    return std::all_of(column.cells.begin(), column.cells.end(), [](const std::string& cell) { return cell.empty(); });
  });
  return columns;
}

std::string table(const Page& page, const std::string& split) {
  std::string head, body;
  const std::vector<Column> filled = columns(page, split);
  std::vector<std::pair<std::string, std::string>> terms;
  for (const Column& column : filled) {
    head += fmt::format("<th{}>{}</th>", column.numeric ? " class=\"number\"" : "", explain(column.key, column.header));
    terms.emplace_back(column.key, column.header);
  }
  for (size_t row = 0; row < filled.front().cells.size(); ++row) {
    body += "<tr>";
    for (const Column& column : filled)
      body += table_cell(&column == &filled.front() ? "" : column.header, column.cells[row], column.numeric);
    body += "</tr>\n";
  }
  return fmt::format(
      "<div class=\"wide\"><table class=\"results "
      "stacked\"><thead><tr>{}</tr></thead>\n<tbody>\n{}</tbody></table></div>\n{}",
      head, body, term_list(terms));
}

/// Which stage was trained how: numbers of another precision are not quite comparable.
std::string conditions_note(const Page& page) {
  const auto all = stages_by_conditions(page.run);
  if (all.empty()) return "";
  if (all.size() == 1) return fmt::format(" All stages were trained in {}.", all.front().first);
  std::string text;
  for (const auto& [conditions, stages] : all)
    text += fmt::format("{}{} in {}", text.empty() ? "" : "; ", stages, conditions);
  return fmt::format(" Trained: {}.", text);
}

std::string caption(const Page& page, const std::string& split) {
  std::string text = html_escape(fmt::format("On the {}", page.run.split_note(split)));
  if (!page.run.seeds_note().empty()) text += "; " + page.run.seeds_note();
  const bool paper = std::any_of(page.stages.begin(), page.stages.end(), [&](const PageStage& stage) {
    return !paper_errors(page, *stage.result, split).empty();
  });
  return note(
      text +
      (paper ? ". On the lines: <span class=\"key\">●</span> ours, <span class=\"key\">◇</span> the paper’s." : ".") +
      html_escape(conditions_note(page)));
}

std::vector<std::string> other_splits(const Page& page) {
  std::vector<std::string> splits;
  for (const PageStage& stage : page.stages)
    for (const ReportedEvaluation& evaluation : stage.result->evaluations)
      if (evaluation.split != page.split && std::find(splits.begin(), splits.end(), evaluation.split) == splits.end())
        splits.push_back(evaluation.split);
  return splits;
}

}  // namespace

std::string results_section(const Page& page) {
  if (page.stages.empty()) return note("This run has no stages.");
  std::string html = table(page, page.split);
  if (!page.split.empty()) html += caption(page, page.split);
  for (const std::string& split : other_splits(page))
    html += fmt::format("<details><summary>The same on the {} split</summary>\n{}{}</details>\n", html_escape(split),
                        table(page, split), caption(page, split));
  return html;
}

}  // namespace limbeck
