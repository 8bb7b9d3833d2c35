#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "report/html.h"
#include "report/page/sections.h"
#include "report/paper.h"
#include "report/plots/plot_style.h"
#include "report/recovery.h"
#include "results/keys.h"

namespace limbeck {
namespace {
constexpr size_t kMostCards = 6;
constexpr size_t kMostSentences = 3;
constexpr size_t kMostVerdicts = 2;

std::string environment(const ReportedRun& run, const std::string& key) {
  for (const auto& [name, value] : run.environment)
    if (name == key) return value;
  return "";
}

/// "2024-11-21T21:02:43Z" → "2024-11-21 21:02 UTC"
std::string date_fact(const ReportedRun& run) {
  const std::string date = environment(run, keys::kDate);
  const bool is_iso = date.size() == 20 && date[10] == 'T' && date.back() == 'Z';
  return is_iso ? fmt::format("{} {} UTC", date.substr(0, 10), date.substr(11, 5)) : date;
}

std::string data_fact(const ReportedRun& run) {
  std::string splits;
  for (const auto& [split, examples] : run.splits)
    if (examples > 0) splits += fmt::format("{}{} {}", splits.empty() ? "" : ", ", with_commas(examples), split);
  return run.data_source + (splits.empty() ? "" : ": " + splits);
}

std::string hardware_fact(const ReportedRun& run) {
  const std::string device = environment(run, keys::kDevice), threads = environment(run, keys::kThreads);
  std::string text = environment(run, keys::kProcessor);
  if (!threads.empty())
    text += fmt::format("{}{} thread{}", text.empty() ? "" : ", ", threads, threads == "1" ? "" : "s");
  if (!device.empty()) text += (text.empty() ? "" : ", ") + device;
  return text;
}

std::string facts(const ReportedRun& run) {
  return "<dl class=\"facts\">" + fact("data", data_fact(run)) +
         fact(run.seeds.size() > 1 ? "seeds" : "seed", fmt::format("{}", fmt::join(run.seeds, ", "))) +
         fact("date", date_fact(run)) + fact("machine", hardware_fact(run)) +
         fact("version", run.version.empty() ? "" : "Limbeck " + run.version) + "</dl>\n";
}

/// The share of the gap as a bar from the baseline (nothing) to the teacher (all).
std::string meter(const Page& page, const PageStage& stage) {
  for (const Recovery& recovery : recoveries(page.run, page.split)) {
    const std::optional<double> share = recovery.student == stage.result ? recovery.share() : std::nullopt;
    if (!share || *share <= 0) continue;  // the sentence above says it
    return fmt::format(
        "<div class=\"meter\"><span><i class=\"{}\" style=\"width:{:.1f}%\"></i></span>{} % of the gap from {} to "
        "{}</div>",
        colour_class(stage.colour), std::clamp(*share, 0.0, 1.0) * 100,
        typographic(fmt::format("{:.0f}", *share * 100)), html_escape(recovery.baseline->name),
        html_escape(recovery.teacher->name));
  }
  return "";
}

std::string paper_line(const ReportedStage& stage, const std::string& split) {
  std::string line;
  for (PaperComparison comparison : paper_comparisons(stage, split)) {
    comparison.difference = typographic(comparison.difference);
    std::string text = comparison.sentence();
    if (comparison.key == keys::kErrors)
      text = "paper " + comparison.paper + (comparison.difference.empty() ? "" : " (" + comparison.difference + ")");
    line += fmt::format("<p>{}</p>", html_escape(text));
  }
  return line;
}

std::string network_line(const Page& page, const ReportedStage& stage) {
  std::string line = html_escape(stage.network_description.empty() ? stage.network : stage.network_description);
  if (stage.parameters) line += fmt::format("<br>{} parameters", with_commas(*stage.parameters));
  const ReportedStage* teacher = page.run.teacher_of(stage);
  if (teacher && teacher->parameters && stage.parameters && *stage.parameters > 0) {
    const double ratio = static_cast<double>(*teacher->parameters) / static_cast<double>(*stage.parameters);
    if (ratio > 1.05) line += fmt::format(", {:.1f}× fewer than {}", ratio, html_escape(teacher->name));
  }
  return "<p class=\"soft\">" + line + "</p>";
}

/// "9.0<small> ± 2.0", to be closed after what it is.
std::string mean_and_spread(const char* key, const Spread& number) {
  const std::string whole = metric_format(key).format(number), mean = whole.substr(0, whole.find(" ±"));
  return fmt::format("{}<small>{}", mean, whole.substr(mean.size()));
}

std::string card(const Page& page, const PageStage& stage) {
  const ReportedStage& result = *stage.result;
  const Spread* errors = result.measure(page.split, keys::kErrors);
  const Spread* accuracy = result.measure(page.split, keys::kAccuracy);
  std::string numbers;
  if (accuracy)
    numbers = fmt::format("<p class=\"big\">{} accuracy</small></p>", mean_and_spread(keys::kAccuracy, *accuracy));
  if (errors)
    numbers += fmt::format("<p{}>{} {} errors</small></p>", accuracy ? "" : " class=\"big\"",
                           mean_and_spread(keys::kErrors, *errors), html_escape(page.split));
  if (numbers.empty() && result.status.empty()) return "";
  if (numbers.empty()) numbers = fmt::format("<p class=\"big\"><small>{}</small></p>", html_escape(result.status));
  return fmt::format("<div class=\"card\"><h3>{}</h3>{}{}{}{}</div>\n", stage_label(stage), numbers,
                     paper_line(result, page.split), network_line(page, result), meter(page, stage));
}

/// "48.2×" where the first is that many times the second, and by more than a little.
std::string times_less(std::optional<double> first, std::optional<double> second) {
  if (!first || !second || *second <= 0 || *first < 1.05 * *second) return "";
  return fmt::format("{:.1f}×", *first / *second);
}

/// What was kept and what was won: accuracy from teacher to student, how many times smaller, how many times faster.
std::string verdict(const Page& page, const Recovery& recovery) {
  if (recovery.teacher == nullptr) return "";
  const Spread* before = recovery.teacher->measure(page.split, keys::kAccuracy);
  const Spread* after = recovery.student->measure(page.split, keys::kAccuracy);
  if (before == nullptr || after == nullptr) return "";
  const ReportedCost *teacher = page.cost_of(recovery.teacher->name), *student = page.cost_of(recovery.student->name);
  const auto is_counted = recovery.teacher->parameters && recovery.student->parameters;
  const std::string smaller =
      is_counted ? times_less(recovery.teacher->parameters, recovery.student->parameters)
                 : times_less(teacher ? teacher->bytes : std::nullopt, student ? student->bytes : std::nullopt);
  const std::string faster =
      times_less(teacher ? teacher->median : std::nullopt, student ? student->median : std::nullopt);
  std::string text = fmt::format("<b>{:.1f} → {:.1f} %</b> accuracy", 100 * before->mean, 100 * after->mean);
  if (!smaller.empty()) text += fmt::format(", <b>{}</b> smaller", smaller);
  if (!faster.empty()) text += fmt::format(", <b>{}</b> faster", faster);
  return fmt::format("<p class=\"verdict\">{}<span> {} → {}</span></p>\n", text, html_escape(recovery.teacher->name),
                     html_escape(recovery.student->name));
}

std::string lead(const Page& page) {
  if (page.split.empty()) return "<p class=\"lead\">No stage of this run has been evaluated.</p>\n";
  const std::vector<Recovery> found = recoveries(page.run, page.split);
  std::string text;
  for (size_t i = 0; i < std::min(found.size(), kMostVerdicts); ++i) text += verdict(page, found[i]);
  for (size_t i = 0; i < std::min(found.size(), kMostSentences); ++i)
    text += fmt::format("<p class=\"lead\">{}.</p>\n", html_escape(typographic(found[i].sentence())));
  return text;
}

std::string what_the_numbers_are(const Page& page) {
  if (page.split.empty()) return "";
  std::string text = html_escape(fmt::format("On the {}", page.run.split_note(page.split)));
  const std::string seeds = page.run.seeds_note();
  if (!seeds.empty()) text += "; " + seeds;
  text += page.run.seeds.size() == 1 ? ". Whether a difference exceeds the noise, only several seeds can tell." : ".";
  return note(text);
}

}  // namespace

std::string chip(int colour) {
  return fmt::format("<i class=\"chip {}\"></i>", colour_class(colour));
}

std::string stage_label(const PageStage& stage) {
  return chip(stage.colour) + html_escape(stage.result->name);
}

std::string fact(const std::string& name, const std::string& value) {
  if (value.empty()) return "";
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", name, html_escape(value));
}

std::string note(const std::string& escaped_text) {
  return fmt::format("<p class=\"note\">{}</p>\n", escaped_text);
}

std::string table_cell(const std::string& column, const std::string& html, bool number) {
  return fmt::format("<td{} data-label=\"{}\">{}</td>", number ? " class=\"number\"" : "", html_escape(column), html);
}

std::string section_html(const Section& section, const Page& page) {
  const std::string html = section.html(page);
  if (html.empty()) return "";
  const std::string heading = fmt::format("<h2>{}</h2>", section.name);
  const std::string content =
      section.folded ? fmt::format("<details class=\"fold\"><summary>{}</summary>\n{}</details>", heading, html)
                     : heading + "\n" + html;
  return fmt::format("<section id=\"{}\">\n{}</section>\n", section.id, content);
}

std::string header_of(const Page& page) {
  std::string cards;
  for (const PageStage& teacher : page.given) cards += card(page, teacher);
  for (const PageStage* stage : chosen_stages(page, kMostCards, [](const PageStage&) { return true; }))
    cards += card(page, *stage);
  return fmt::format(
      "<header>\n<p class=\"kicker\">Limbeck · distillation report</p>\n<h1>{}</h1>\n{}{}<div "
      "class=\"cards\">\n{}</div>\n{}</header>\n",
      html_escape(page.run.name.empty() ? "unnamed run" : page.run.name), facts(page.run), lead(page), cards,
      what_the_numbers_are(page));
}

}  // namespace limbeck
