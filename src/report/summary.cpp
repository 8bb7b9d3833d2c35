#include "report/summary.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/json.h"
#include "core/text.h"
#include "report/paper.h"
#include "report/recovery.h"
#include "report/text_table.h"
#include "results/keys.h"
#include "results/reported_run.h"

namespace limbeck {
namespace {

constexpr const char* kTrainAccuracy = "train accuracy";  // of another split, so no measure's key

// The measures that have a column, in this order; those that only the HTML page and evaluation.json show are left out.
// Beside each, when it is left out for want of room: the highest number first, 0 never.
constexpr std::pair<const char*, int> kShown[] = {{keys::kErrors, 0},        {keys::kMemberErrors, 5},
                                                  {keys::kAccuracy, 1},      {kTrainAccuracy, 5},
                                                  {keys::kNll, 7},           {keys::kEce, 7},
                                                  {keys::kAgreement, 3},     {keys::kTeacherKl, 6},
                                                  {keys::kWordErrorRate, 1}, {keys::kStringWordErrorRate, 2},
                                                  {keys::kRelativeGain, 2}};
constexpr size_t kMostSentences = 5;  // about students and their teachers

std::vector<TextColumn> columns(const std::string& split) {
  std::vector<TextColumn> columns = {{"stage"},
                                     {"status"},
                                     {"network", Align::left, 4},
                                     {"parameters", Align::right, 2},
                                     {"teacher", Align::left, 5},
                                     {"examples", Align::right, 1}};
  for (const auto& [key, rank] : kShown) {
    const std::string label = metric_format(key).label;
    columns.push_back({label == "errors" ? split + " errors" : label, Align::mark, rank});
  }
  columns.insert(columns.end(), {{"paper", Align::mark, 2},
                                 {"further numbers", Align::left, 3},
                                 {"time", Align::right, 6},
                                 {"examples/s", Align::right, 8}});
  return columns;
}

std::string measure_cell(const ReportedStage& stage, const std::string& split, const std::string& key) {
  const bool of_training = key == kTrainAccuracy;
  if (of_training && split == keys::kTrain) return "";  // the accuracy itself
  const std::string measure = of_training ? "accuracy" : key;
  const Spread* measured = stage.measure(of_training ? keys::kTrain : split, measure);
  return measured ? metric_format(measure).format(*measured) : "";
}

/// Two cells: the paper's errors, which stand below each other, and its further numbers with ours.
std::pair<std::string, std::string> paper_cells(const ReportedStage& stage, const std::string& split) {
  std::string errors, further;
  for (const PaperComparison& comparison : paper_comparisons(stage, split)) {
    if (comparison.key != keys::kErrors) {
      further += (further.empty() ? "" : ", ") + comparison.sentence();
      continue;
    }
    errors = comparison.paper;
    if (!comparison.difference.empty()) errors += fmt::format("  ({})", comparison.difference);
  }
  return {errors, further};
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
  for (const auto& [key, rank] : kShown) cells.push_back(measure_cell(stage, split, key));
  auto [errors, further] = paper_cells(stage, split);
  cells.insert(cells.end(), {std::move(errors), std::move(further)});
  cells.push_back(stage.seconds ? duration(*stage.seconds) : "");
  cells.push_back(stage.examples_per_second ? with_commas(std::llround(*stage.examples_per_second)) : "");
  return cells;
}

/// What the numbers are of, and what distillation gave back.
std::string sentences(const ReportedRun& run, const std::string& split) {
  const std::string seeds = run.seeds_note();
  std::string text = fmt::format("\nOn the {}{}.", printable(run.split_note(split)), seeds.empty() ? "" : "; " + seeds);
  const bool paper = std::any_of(run.stages.begin(), run.stages.end(),
                                 [](const ReportedStage& stage) { return !stage.paper.empty(); });
  if (paper) text += " In brackets: ours minus the paper's.";
  text += '\n';
  const std::vector<Recovery> students = recoveries(run, split);
  for (size_t i = 0; i < std::min(students.size(), kMostSentences); ++i)
    text += printable(students[i].sentence()) + ".\n";
  return text;
}

std::string stage_notes(const ReportedRun& run) {
  std::string text;
  for (const ReportedStage& stage : run.stages)
    if (!stage.note.empty())
      text += printable(fmt::format("{}: {}{}", stage.name, stage.note, stage.note.ends_with('.') ? "" : ".")) + "\n";
  return text;
}

}  // namespace

std::string terminal_summary(const Json& results, size_t width) {
  const ReportedRun run = parse_reported_run(results);
  const std::string split = run.main_split();
  TextTable table(columns(split));
  const Unusual unusual = unusual_in(run, split);
  for (const ReportedStage& stage : run.stages) table.add(row(stage, split, unusual));
  return table.text(width) + (split.empty() ? "No stage has been evaluated.\n" : sentences(run, split)) +
         stage_notes(run);
}

}  // namespace limbeck
