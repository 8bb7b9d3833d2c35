#include "report/comparison.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "core/json.h"
#include "core/text.h"
#include "report/compared_runs.h"
#include "report/text_table.h"
#include "results/binding.h"
#include "results/keys.h"
#include "results/stage_result.h"

namespace limbeck {
namespace {

constexpr size_t kManyComparisons = 5;

std::vector<std::string> stage_names(const std::vector<NamedRun>& runs) {
  std::vector<std::string> names;
  for (const NamedRun& run : runs)
    for (const ReportedStage& stage : run.results.stages)
      if (std::find(names.begin(), names.end(), stage.name) == names.end()) names.push_back(stage.name);
  return names;
}

std::string seed_count(const ReportedRun& run) {
  return run.seeds.empty() ? "" : std::to_string(run.seeds.size());
}

// The measures that have a column in any case; another that is compared stands before them.
constexpr const char* kShown[] = {keys::kErrors, keys::kAccuracy, keys::kNll, keys::kEce};

/// The number that is compared, then those that have a column in any case.
std::vector<std::string> measures(const ComparedRuns& compared) {
  std::vector<std::string> keys = {std::begin(kShown), std::end(kShown)};
  if (std::find(keys.begin(), keys.end(), compared.metric) == keys.end()) keys.insert(keys.begin(), compared.metric);
  return keys;
}

std::vector<std::string> row(const std::string& stage_label, const std::string& run_label, const NamedRun& run,
                             const ReportedStage& stage, const ComparedRuns& compared) {
  std::vector<std::string> cells = {stage_label,
                                    run_label,
                                    stage.status == "done" ? "" : stage.status,
                                    seed_count(run.results),
                                    stage.network_description.empty() ? stage.network : stage.network_description,
                                    stage.parameters ? with_commas(*stage.parameters) : ""};
  for (const std::string& key : measures(compared)) {
    const Spread* number = stage.measure(compared.split, key);
    cells.push_back(number ? metric_format(key).format(*number) : "");
  }
  cells.push_back(stage.seconds ? duration(*stage.seconds) : "");
  return cells;
}

std::string table_text(const ComparedRuns& compared, size_t width) {
  std::vector<TextColumn> columns = {{"stage"},
                                     {"run"},
                                     {"status", Align::left, 3},
                                     {"seeds", Align::right, 2},
                                     {"network", Align::left, 4},
                                     {"parameters", Align::right, 3}};
  for (const std::string& key : measures(compared)) {
    const std::string label = metric_format(key).label;
    columns.push_back({key == measures(compared).front() ? compared.split + " " + label : label, Align::mark,
                       key == measures(compared).front() ? 0 : 2});
  }
  columns.push_back({"time", Align::right, 5});
  TextTable table(std::move(columns));
  const bool several = compared.runs.size() > 1;
  for (const std::string& name : stage_names(compared.runs)) {
    if (several) table.add_gap();
    std::string label = name;
    for (const NamedRun& run : compared.runs) {
      const ReportedStage* stage = run.results.stage(name);
      if (!stage) continue;
      table.add(row(label, several ? run.name : "", run, *stage, compared));
      label.clear();
    }
  }
  return table.text(width);
}

/// "+38.3 errors", "+0.30 points of accuracy", "-0.0012 NLL"
std::string difference_text(const MetricFormat& format, const StageDifference& of) {
  const Spread& means = of.after.deviation ? of.after : of.before;  // a mean, where one of them is
  const std::string difference =
      format.difference({.mean = of.after.mean, .deviation = means.deviation}, of.before.mean);
  return fmt::format("{} {}{}", difference, format.unit == "%" ? "points of " : "", format.label);
}

std::string verdict(const MetricFormat& format, const StageDifference& of) {
  const std::string difference = difference_text(format, of);
  const size_t before = values_of(of.before).size(), after = values_of(of.after).size();
  const NoiseVerdict noise = of.noise();
  if (noise == NoiseVerdict::too_few_seeds)
    return fmt::format("{}; too few seeds to tell ({} against {}; at least 2 each are needed)", difference, before,
                       after);
  if (noise == NoiseVerdict::seeds_do_not_vary)
    return fmt::format("{}; the seeds do not vary, so the noise is unknown", difference);
  const WelchInterval interval = of.interval().value();
  const auto border = [&](double value) { return format.difference({.mean = value, .deviation = 0.0}, 0); };
  return fmt::format("{}, 95 % interval {} to {} ({} against {} seeds): {}", difference, border(interval.low),
                     border(interval.high), before, after,
                     noise == NoiseVerdict::exceeded ? "more than noise" : "within noise");
}

std::string verdicts(const ComparedRuns& compared) {
  const MetricFormat format = metric_format(compared.metric);
  size_t widest = 0, intervals = 0;
  for (const StageDifference& of : compared.differences)
    widest = std::max(widest, terminal_width(printable(of.stage->name)));
  std::string text;
  const NamedRun* run = nullptr;
  for (const StageDifference& of : compared.differences) {
    if (run != of.run) {
      const std::string subject = of.run == of.reference_run ? "Against " + of.reference->name
                                                             : of.run->name + " against " + of.reference_run->name;
      text += fmt::format("\n{}, {} split:\n", printable(subject), printable(compared.split));
    }
    run = of.run;
    const std::string stage = printable(of.stage->name);
    text += fmt::format("  {}{}  {}\n", stage, std::string(widest - terminal_width(stage), ' '), verdict(format, of));
    if (of.interval()) ++intervals;
  }
  if (intervals >= kManyComparisons)
    text +=
        fmt::format("\nOf {} such intervals, one in 20 leaves out zero by chance where nothing differs.\n", intervals);
  return text;
}

/// One line for each number of examples or data set that is not the first run's: such runs cannot be compared.
std::string notes(const std::vector<NamedRun>& runs, const std::string& split) {
  std::string text = "\n";
  std::set<std::string> lines;
  for (const NamedRun& run : runs) {
    const std::string note = run.results.split_note(split);
    const std::string line =
        run.results.data_source.empty() ? note : fmt::format("{}, {}", run.results.data_source, note);
    if (lines.insert(line).second) text += fmt::format("{}{}", lines.size() > 1 ? " and " : "On ", printable(line));
  }
  text += lines.size() > 1 ? ": the runs were not evaluated on the same examples.\n" : ".\n";
  const bool several =
      std::any_of(runs.begin(), runs.end(), [](const NamedRun& run) { return run.results.seeds.size() > 1; });
  if (several) text += "Mean ± standard deviation over the seeds.\n";
  return text;
}

Json number_json(const Spread& number) {
  Spread with_values = number;
  with_values.values = values_of(number);
  return with_values.json();
}

Json difference_json(const StageDifference& of) {
  const auto verdict = [](NoiseVerdict noise) {
    switch (noise) {
      case NoiseVerdict::exceeded:
        return "more than noise";
      case NoiseVerdict::not_exceeded:
        return "within noise";
      case NoiseVerdict::too_few_seeds:
        return "too few seeds";
      case NoiseVerdict::seeds_do_not_vary:
        return "seeds do not vary";
    }
    return "";
  };
  Json interval;
  if (const std::optional<WelchInterval> found = of.interval()) {
    interval = to_json(Interval{.low = found->low, .high = found->high});
    interval[keys::kConfidence] = 0.95;
  }
  return {{keys::kRun, of.run->name},
          {keys::kStage, of.stage->name},
          {"against", {{keys::kRun, of.reference_run->name}, {keys::kStage, of.reference->name}}},
          {"difference", of.difference()},
          {"interval", interval},
          {keys::kSeeds, {values_of(of.before).size(), values_of(of.after).size()}},
          {"verdict", verdict(of.noise())}};
}

}  // namespace

std::string compare_runs(const std::vector<fs::path>& folders, const CompareOptions& options) {
  const ComparedRuns compared = read_comparison(folders, options);
  std::string text = table_text(compared, options.width);
  if (compared.split.empty()) return text + "\nNo stage has been evaluated.\n";
  return text + notes(compared.runs, compared.split) + verdicts(compared);
}

Json comparison_json(const std::vector<fs::path>& folders, const CompareOptions& options) {
  const ComparedRuns compared = read_comparison(folders, options);
  Json stages = Json::array(), comparisons = Json::array();
  for (const NamedRun& run : compared.runs)
    for (const ReportedStage& stage : run.results.stages) {
      const Spread* number = stage.measure(compared.split, compared.metric);
      stages.push_back({{keys::kRun, run.name},
                        {keys::kStage, stage.name},
                        {keys::kStatus, stage.status},
                        {"number", number ? number_json(*number) : Json()}});
    }
  for (const StageDifference& of : compared.differences) comparisons.push_back(difference_json(of));
  return {
      {keys::kSplit, compared.split}, {"metric", compared.metric}, {"stages", stages}, {"comparisons", comparisons}};
}

}  // namespace limbeck
