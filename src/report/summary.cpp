#include "report/summary.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "report/paper.h"
#include "report/recovery.h"
#include "report/reported_run.h"
#include "report/text_table.h"

namespace limbeck {
namespace {

// The measures that have a column, in this order; those that only the HTML page and evaluation.json show are left out.
constexpr const char* kShown[] = {"errors", "accuracy", "nll", "ece", "agreement", "teacher_kl"};
constexpr size_t kMostSentences = 5;  // about students and their teachers

std::vector<TextColumn> columns(const std::string& split) {
  std::vector<TextColumn> columns = {
      {"stage"}, {"status"}, {"network"}, {"parameters", Align::right}, {"teacher"}, {"examples", Align::right}};
  for (const char* key : kShown) {
    const std::string label = metric_format(key).label;
    columns.push_back({label == "errors" ? split + " errors" : label, Align::mark});
  }
  columns.insert(columns.end(), {{"paper", Align::mark}, {"time", Align::right}, {"examples/s", Align::right}});
  return columns;
}

std::string paper_cell(const ReportedStage& stage, const std::string& split) {
  std::string cell;
  for (const PaperComparison& comparison : paper_comparisons(stage, split)) {
    if (!cell.empty()) cell += ", ";
    if (comparison.key != "errors") cell += metric_format(comparison.key).label + " ";
    cell += comparison.paper;
    if (!comparison.difference.empty()) cell += fmt::format("  ({})", comparison.difference);
  }
  return cell;
}

/// What makes a column worth its width: a status that is not "done", a number of examples that is not everyone's.
struct Unusual {
  bool status = false;
  bool examples = false;
};

Unusual unusual_in(const ReportedRun& run, const std::string& split) {
  Unusual unusual;
  int64_t examples = -1;
  for (const ReportedStage& stage : run.stages) {
    if (stage.status != "done") unusual.status = true;
    const ReportedEvaluation* evaluation = stage.evaluation(split);
    if (!evaluation) continue;
    if (examples >= 0 && examples != evaluation->examples) unusual.examples = true;
    examples = evaluation->examples;
  }
  return unusual;
}

std::vector<std::string> row(const ReportedStage& stage, const std::string& split, const Unusual& unusual) {
  const ReportedEvaluation* evaluation = stage.evaluation(split);
  std::vector<std::string> cells = {
      stage.name,
      unusual.status ? stage.status : "",
      stage.network_description.empty() ? stage.network : stage.network_description,
      stage.parameters ? with_commas(*stage.parameters) : "",
      stage.teacher,
      unusual.examples && evaluation ? with_commas(evaluation->examples) : "",
  };
  for (const char* key : kShown) {
    const ReportedNumber* measured = evaluation ? evaluation->find(key) : nullptr;
    cells.push_back(measured ? metric_format(key).formatted(*measured) : "");
  }
  cells.push_back(paper_cell(stage, split));
  cells.push_back(stage.seconds ? duration(*stage.seconds) : "");
  cells.push_back(stage.examples_per_second ? with_commas(std::llround(*stage.examples_per_second)) : "");
  return cells;
}

}  // namespace

std::string terminal_summary(const Json& results) {
  const ReportedRun run = parse_reported_run(results);
  const std::string split = run.main_split();
  TextTable table(columns(split));
  const Unusual unusual = unusual_in(run, split);
  for (const ReportedStage& stage : run.stages) table.add(row(stage, split, unusual));
  std::string text = table.text();
  if (split.empty()) return text + "No stage has been evaluated.\n";
  const std::string seeds = run.seeds_note();
  text += fmt::format("\nOn the {}{}.", printable(run.split_note(split)), seeds.empty() ? "" : "; " + seeds);
  const bool paper = std::any_of(run.stages.begin(), run.stages.end(),
                                 [](const ReportedStage& stage) { return !stage.paper.empty(); });
  if (paper) text += " In brackets: ours minus the paper's.";
  text += '\n';
  const std::vector<Recovery> students = recoveries(run, split);
  for (size_t i = 0; i < std::min(students.size(), kMostSentences); ++i)
    text += printable(students[i].sentence()) + ".\n";
  return text;
}

}  // namespace limbeck
