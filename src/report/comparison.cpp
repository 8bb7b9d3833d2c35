#include "report/comparison.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/error.h"
#include "core/text.h"
#include "report/reported_run.h"
#include "report/statistics.h"
#include "report/text_table.h"

namespace limbeck {
namespace {

struct NamedRun {
  std::string name;
  ReportedRun results;
};

/// The folder's own name; "." and a path that ends in "/" are resolved first.
std::string folder_name(const fs::path& folder) {
  fs::path path = fs::absolute(folder).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path.filename().string();
}

/// Runs under the shortest names that tell them apart.
std::vector<NamedRun> read_runs(const std::vector<fs::path>& folders) {
  std::map<std::string, int> uses;
  for (const fs::path& folder : folders) ++uses[folder_name(folder)];
  std::vector<NamedRun> runs;
  for (const fs::path& folder : folders) {
    const std::string name = folder_name(folder);
    runs.push_back({printable(uses[name] > 1 ? folder.string() : name), read_reported_run(folder)});
  }
  return runs;
}

std::vector<std::string> stage_names(const std::vector<NamedRun>& runs) {
  std::vector<std::string> names;
  for (const NamedRun& run : runs)
    for (const ReportedStage& stage : run.results.stages)
      if (std::find(names.begin(), names.end(), stage.name) == names.end()) names.push_back(stage.name);
  return names;
}

/// The split that every run was evaluated on, test before validation; else the first run's own.
std::string common_split(const std::vector<NamedRun>& runs) {
  for (const char* split : {"test", "validation"}) {
    const auto has_split = [&](const NamedRun& run) {
      return std::any_of(run.results.stages.begin(), run.results.stages.end(),
                         [&](const ReportedStage& stage) { return stage.evaluation(split) != nullptr; });
    };
    if (std::all_of(runs.begin(), runs.end(), has_split)) return split;
  }
  return runs.front().results.main_split();
}

std::string seed_count(const ReportedRun& run) {
  return run.seeds.empty() ? "" : std::to_string(run.seeds.size());
}

std::vector<std::string> row(const std::string& stage_label, const NamedRun& run, const ReportedStage& stage,
                             const std::string& split) {
  const auto cell = [&](const char* key) {
    const ReportedNumber* number = stage.measure(split, key);
    return number ? metric_format(key).formatted(*number) : "";
  };
  return {stage_label,
          run.name,
          stage.status == "done" ? "" : stage.status,
          seed_count(run.results),
          stage.network_description.empty() ? stage.network : stage.network_description,
          stage.parameters ? with_commas(*stage.parameters) : "",
          cell("errors"),
          cell("accuracy"),
          cell("nll"),
          cell("ece"),
          stage.seconds ? duration(*stage.seconds) : ""};
}

std::string table_text(const std::vector<NamedRun>& runs, const std::string& split) {
  TextTable table({{"stage"},
                   {"run"},
                   {"status"},
                   {"seeds", Align::right},
                   {"network"},
                   {"parameters", Align::right},
                   {split + " errors", Align::mark},
                   {"accuracy", Align::mark},
                   {"NLL", Align::mark},
                   {"ECE", Align::mark},
                   {"time", Align::right}});
  for (const std::string& name : stage_names(runs)) {
    table.add_gap();
    std::string label = name;
    for (const NamedRun& run : runs) {
      const ReportedStage* stage = run.results.stage(name);
      if (!stage) continue;
      table.add(row(label, run, *stage, split));
      label.clear();
    }
  }
  return table.text();
}

/// Each seed's errors; the one number of a run over one seed.
std::vector<double> values_of(const ReportedNumber& number) {
  return number.values.empty() ? std::vector<double>{number.mean} : number.values;
}

std::string verdict(const ReportedNumber& before, const ReportedNumber& after) {
  const std::vector<double> first = values_of(before), other = values_of(after);
  const ReportedNumber& means = after.deviation ? after : before;  // a mean, where one of them is
  const std::string difference =
      metric_format("errors").difference({.mean = after.mean, .deviation = means.deviation}, before.mean);
  if (first.size() < 2 || other.size() < 2)
    return fmt::format("{} errors; too few seeds to tell ({} against {}; at least 2 each are needed)", difference,
                       first.size(), other.size());
  const std::optional<WelchInterval> interval = welch_interval(first, other);
  if (!interval) return fmt::format("{} errors; the seeds do not vary, so the noise is unknown", difference);
  const auto number = [](double value) { return fmt::format("{}{:.1f}", value > 0 ? "+" : "", value); };
  return fmt::format("{} errors, 95 % interval {} to {} ({} against {} seeds): {}", difference, number(interval->low),
                     number(interval->high), first.size(), other.size(),
                     interval->excludes_zero() ? "more than noise" : "within noise");
}

std::string verdicts(const std::vector<NamedRun>& runs, const std::string& split) {
  std::string text;
  for (size_t i = 1; i < runs.size(); ++i) {
    size_t widest = 0;
    std::vector<std::pair<std::string, std::string>> found;
    for (const ReportedStage& stage : runs[i].results.stages) {
      const ReportedStage* first = runs[0].results.stage(stage.name);
      const ReportedNumber* before = first ? first->measure(split, "errors") : nullptr;
      const ReportedNumber* after = stage.measure(split, "errors");
      if (!before || !after) continue;
      found.emplace_back(printable(stage.name), verdict(*before, *after));
      widest = std::max(widest, terminal_width(found.back().first));
    }
    if (found.empty()) continue;
    text += fmt::format("\n{} against {}, {} split:\n", runs[i].name, runs[0].name, split);
    for (const auto& [stage, line] : found)
      text += fmt::format("  {}{}  {}\n", stage, std::string(widest - terminal_width(stage), ' '), line);
  }
  return text;
}

/// One line for each number of examples or data set that is not the first run's: such runs cannot be compared.
std::string notes(const std::vector<NamedRun>& runs, const std::string& split) {
  std::string text = "\n";
  std::set<std::string> said;
  for (const NamedRun& run : runs) {
    const std::string note = run.results.split_note(split);
    const std::string line =
        run.results.data_source.empty() ? note : fmt::format("{}, {}", run.results.data_source, note);
    if (said.insert(line).second) text += fmt::format("{}{}", said.size() > 1 ? " and " : "On ", printable(line));
  }
  text += said.size() > 1 ? ": the runs were not evaluated on the same examples.\n" : ".\n";
  const bool several =
      std::any_of(runs.begin(), runs.end(), [](const NamedRun& run) { return run.results.seeds.size() > 1; });
  if (several) text += "Mean ± standard deviation over the seeds.\n";
  return text;
}

}  // namespace

std::string compare_runs(const std::vector<fs::path>& folders) {
  if (folders.size() < 2)
    throw Error(ErrorKind::usage, fmt::format("{} run to compare; expected at least 2", folders.size()));
  const std::vector<NamedRun> runs = read_runs(folders);
  const std::string split = common_split(runs);
  std::string text = table_text(runs, split);
  if (split.empty()) return text + "\nNo stage has been evaluated.\n";
  return text + notes(runs, split) + verdicts(runs, split);
}

}  // namespace limbeck
