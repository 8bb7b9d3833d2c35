#include "report/sweep_report.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "core/error.h"
#include "core/json.h"
#include "report/compared_runs.h"
#include "report/html.h"
#include "report/page/document.h"
#include "report/page/sections.h"
#include "report/plots/sweep_plot.h"
#include "report/text_table.h"
#include "results/json_fields.h"
#include "results/keys.h"
#include "results/reported_sweep.h"

namespace limbeck {
namespace {

/// A column of the table on the terminal and on the page.
struct Column {
  std::string header;
  Align align = Align::left;
  std::vector<std::string> cells = {};
};

std::vector<std::string> shown_splits(const ReportedSweep& sweep) {
  return {keys::kTest, sweep.chosen_on.empty() ? keys::kValidation : sweep.chosen_on};
}

bool all_done(const ReportedSweep& sweep) {
  return std::all_of(sweep.points.begin(), sweep.points.end(),
                     [](const ReportedSweep::Point& point) { return point.status == "done"; });
}

/// The point with the best number on the split that may be chosen on, and how far it stands out.
struct Leader {
  const ReportedSweep::Point* point = nullptr;           ///< null where nothing is chosen
  std::vector<const ReportedSweep::Point*> equals = {};  ///< others, within the noise of the seeds
  bool noise_is_known = true;
  bool is_best() const { return noise_is_known && equals.empty(); }
};

Leader leader_of(const ReportedSweep& sweep) {
  Leader leader{.point = sweep.best()};
  if (leader.point == nullptr) return leader;
  for (const ReportedSweep::Point& other : sweep.points) {
    const Spread* number = other.on(sweep.chosen_on);
    if (&other == leader.point || number == nullptr) continue;
    const NoiseVerdict noise = noise_between(*leader.point->on(sweep.chosen_on), *number);
    if (noise == NoiseVerdict::not_exceeded) leader.equals.push_back(&other);
    leader.noise_is_known &= noise == NoiseVerdict::exceeded || noise == NoiseVerdict::not_exceeded;
  }
  return leader;
}

/// "lowest"; of what is best when it is high, "highest".
std::string extreme(const ReportedSweep& sweep) {
  return metric_format(sweep.metric).lower_is_better ? "lowest" : "highest";
}

/// What the table says beside a point.
std::string mark_of(const ReportedSweep::Point& point, const Leader& leader, const ReportedSweep& sweep) {
  if (&point == leader.point)
    return fmt::format("◀ {} on {}", leader.is_best() ? "best" : extreme(sweep), sweep.chosen_on);
  const bool equal = std::find(leader.equals.begin(), leader.equals.end(), &point) != leader.equals.end();
  return equal ? "within its noise" : "";
}

/// What the leading point is worth: a judgement only where the seeds' noise allows it.
std::string judgement(const ReportedSweep& sweep, const Leader& leader) {
  const MetricFormat format = metric_format(sweep.metric);
  const std::string name = sweep.settings(*leader.point), number = format.format(*leader.point->on(sweep.chosen_on));
  const Spread* test = leader.point->on(keys::kTest);
  const std::string on_test = test == nullptr ? "" : fmt::format(", {} on test", format.format(*test));
  if (leader.is_best())
    return fmt::format("{} is best on {}: {} {} there{}.", name, sweep.chosen_on, number, format.label, on_test);
  std::string text =
      fmt::format("{} has the {} {} on {}: {}{}", name, extreme(sweep), format.label, sweep.chosen_on, number, on_test);
  if (!leader.noise_is_known)
    return text + fmt::format("; how much of that is chance cannot be told from {}.",
                              sweep.seeds.size() > 1 ? "seeds that do not vary" : "one seed: --seeds 3 would tell");
  constexpr size_t kNamed = 3;
  std::string others;
  for (size_t i = 0; i < std::min(kNamed, leader.equals.size()); ++i)
    others += (i == 0 ? "" : i + 1 == leader.equals.size() ? " and " : ", ") + sweep.settings(*leader.equals[i]);
  if (leader.equals.size() > kNamed) others += fmt::format(" and {} others", leader.equals.size() - kNamed);
  return text + fmt::format("; within the noise of {} seeds it is no better than {}.", sweep.seeds.size(), others);
}

std::vector<Column> columns(const ReportedSweep& sweep) {
  std::vector<Column> columns;
  const auto add = [&](const std::string& header, Align align, auto cell) {
    Column& column = columns.emplace_back(Column{header, align});
    for (const ReportedSweep::Point& point : sweep.points) column.cells.push_back(cell(point));
  };
  for (size_t key = 0; key < sweep.keys.size(); ++key) {
    const bool numbers = std::all_of(sweep.points.begin(), sweep.points.end(),
                                     [&](const ReportedSweep::Point& point) { return point.values[key].is_number(); });
    add(sweep.names[key], numbers ? Align::right : Align::left,
        [&](const ReportedSweep::Point& point) { return setting_text(point.values[key]); });
  }
  const MetricFormat format = metric_format(sweep.metric);
  for (const std::string& split : shown_splits(sweep))
    add(split + " " + format.label, Align::mark, [&](const ReportedSweep::Point& point) {
      const Spread* number = point.on(split);
      return number ? format.format(*number) : "";
    });
  if (!all_done(sweep)) add("status", Align::left, [](const ReportedSweep::Point& point) { return point.status; });
  const Leader leader = leader_of(sweep);
  add("", Align::left, [&](const ReportedSweep::Point& point) { return mark_of(point, leader, sweep); });
  std::erase_if(columns, [](const Column& column) {
    return std::all_of(column.cells.begin(), column.cells.end(), [](const std::string& cell) { return cell.empty(); });
  });
  return columns;
}

/// ": message", or one indented line below for each of the message's where it has several.
std::string reason(const std::string& message) {
  if (message.empty()) return ".";
  if (message.find('\n') == std::string::npos) return ": " + message;
  std::string text = ":\n  ";
  for (const char letter : message) text += letter == '\n' ? "\n  " : std::string(1, letter);
  return text;
}

/// What the numbers are of, why nothing is marked, and why points failed.
std::vector<std::string> sentences(const ReportedSweep& sweep) {
  std::vector<std::string> found;
  const std::string seeds = seeds_note(sweep.seeds);
  std::string of = sweep.stage.empty() ? "" : fmt::format("Of stage {}", sweep.stage);
  if (!seeds.empty()) of += (of.empty() ? "Over the seeds: " : "; ") + seeds;
  if (!of.empty()) found.push_back(of + ".");
  if (sweep.chosen_on.empty())
    found.push_back("There is no validation split, so no point is marked: nothing is chosen on the test split.");
  for (const ReportedSweep::Point& point : sweep.points)
    if (point.status == "failed")
      found.push_back(fmt::format("{}{} failed{}", sweep.settings(point),
                                  point.run.empty() ? "" : " (" + point.run + ")", reason(point.message)));
  return found;
}

/// The text line by line, for a terminal and for a page.
std::string lines(const std::string& text, std::string (*line)(std::string_view), const std::string& separator) {
  std::string joined;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    joined += (start == 0 ? "" : separator) + line(std::string_view(text).substr(start, end - start));
    start = end + 1;
  }
  return joined;
}

std::string facts(const ReportedSweep& sweep) {
  const auto done = std::count_if(sweep.points.begin(), sweep.points.end(),
                                  [](const ReportedSweep::Point& point) { return point.status == "done"; });
  return "<dl class=\"facts\">" + fact("stage", sweep.stage) +
         fact("points", fmt::format("{} of {} done", done, sweep.points.size())) +
         fact(sweep.seeds.size() > 1 ? "seeds" : "seed", fmt::format("{}", fmt::join(sweep.seeds, ", "))) +
         fact("settings", fmt::format("{}", fmt::join(sweep.keys, ", "))) + "</dl>\n";
}

std::string lead(const ReportedSweep& sweep) {
  const Leader leader = leader_of(sweep);
  return leader.point == nullptr ? ""
                                 : fmt::format("<p class=\"lead\">{}</p>\n", html_escape(judgement(sweep, leader)));
}

/// A link to the point's own page, where it has one.
std::string cell_html(const fs::path& folder, const ReportedSweep::Point& point, const std::string& text) {
  std::error_code ignored;
  const fs::path page = fs::path(point.run) / "report.html";
  if (point.run.empty() || page.is_absolute() || !fs::is_regular_file(folder / page, ignored)) return html_escape(text);
  return fmt::format("<a href=\"{}\">{}</a>", html_escape(page.generic_string()), html_escape(text));
}

std::string table_html(const fs::path& folder, const ReportedSweep& sweep) {
  const std::vector<Column> filled = columns(sweep);
  const Leader leader = leader_of(sweep);
  std::string head, body;
  for (const Column& column : filled)
    head += fmt::format("<th{}>{}</th>", column.align == Align::left ? "" : " class=\"number\"",
                        html_escape(column.header));
  for (size_t row = 0; row < sweep.points.size(); ++row) {
    const ReportedSweep::Point& point = sweep.points[row];
    body += leader.is_best() && &point == leader.point ? "<tr class=\"best\">" : "<tr>";
    for (const Column& column : filled) {
      const bool first = &column == &filled.front();
      body += fmt::format("<td{}>{}</td>", column.align == Align::left ? "" : " class=\"number\"",
                          first ? cell_html(folder, point, column.cells[row]) : html_escape(column.cells[row]));
    }
    body += "</tr>\n";
  }
  return fmt::format(
      "<div class=\"wide\"><table class=\"results\"><thead><tr>{}</tr></thead>\n<tbody>\n{}</tbody></table></div>\n",
      head, body);
}

std::string page_html(const fs::path& folder, const ReportedSweep& sweep, const std::optional<SvgPlot>& plot) {
  const std::string name = sweep.name.empty() ? "unnamed sweep" : sweep.name;
  std::string body =
      fmt::format("<header>\n<p class=\"kicker\">Limbeck · sweep</p>\n<h1>{}</h1>\n{}{}</header>\n<main>\n",
                  html_escape(name), facts(sweep), lead(sweep));
  if (plot)
    body += fmt::format(
        "<section>\n<div class=\"wide\"><figure><figcaption>{}</figcaption>\n{}</figure></div>\n</section>\n",
        html_escape(plot->title), svg_plot(*plot));
  body += "<section>\n<h2>Points</h2>\n" + table_html(folder, sweep);
  for (const std::string& sentence : sentences(sweep)) body += note(lines(sentence, html_escape, "<br>"));
  return document(name + " – Limbeck", body + "</section>\n</main>\n");
}

}  // namespace

std::string sweep_table(const Json& json) {
  const ReportedSweep sweep = parse_reported_sweep(json);
  if (sweep.points.empty()) return "The sweep has no points.\n";
  const std::vector<Column> filled = columns(sweep);
  std::vector<TextColumn> headers;
  for (const Column& column : filled) headers.push_back({column.header, column.align});
  TextTable table(std::move(headers));
  for (size_t row = 0; row < sweep.points.size(); ++row) {
    std::vector<std::string> cells;
    for (const Column& column : filled) cells.push_back(column.cells[row]);
    table.add(std::move(cells));
  }
  std::string text = table.text() + "\n";
  if (const Leader leader = leader_of(sweep); leader.point != nullptr)
    text += printable(judgement(sweep, leader)) + "\n";
  for (const std::string& sentence : sentences(sweep)) text += lines(sentence, printable, "\n") + "\n";
  return text;
}

std::string sweep_judgement(const ReportedSweep& sweep) {
  const Leader leader = leader_of(sweep);
  return leader.point == nullptr ? "" : judgement(sweep, leader);
}

std::string sweep_page(const fs::path& folder) {
  const ReportedSweep sweep = read_reported_sweep(folder);
  return page_html(folder, sweep, sweep_plot(sweep));
}

void write_sweep_report(const fs::path& folder) {
  if (const std::optional<SvgPlot> plot = sweep_plot(read_reported_sweep(folder)))
    write_file(folder / "sweep.svg", standalone_svg(*plot));
  write_file(folder / "sweep.html", sweep_page(folder));
}

}  // namespace limbeck
