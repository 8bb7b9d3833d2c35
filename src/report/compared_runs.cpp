#include "report/compared_runs.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/nearest.h"
#include "report/text_table.h"
#include "results/keys.h"

namespace limbeck {
namespace {

/// The folder's own name; "." and a path that ends in "/" are resolved first.
std::string folder_name(const fs::path& folder) {
  fs::path path = fs::absolute(folder).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path.filename().string();
}

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

void add_once(const std::string& name, std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

/// The split that every run was evaluated on, test before validation; else the first run's own.
std::string common_split(const std::vector<NamedRun>& runs) {
  for (const char* split : {keys::kTest, keys::kValidation}) {
    const auto has_split = [&](const NamedRun& run) {
      return std::any_of(run.results.stages.begin(), run.results.stages.end(),
                         [&](const ReportedStage& stage) { return stage.evaluation(split) != nullptr; });
    };
    if (std::all_of(runs.begin(), runs.end(), has_split)) return split;
  }
  return runs.front().results.main_split();
}

void check_split(const std::vector<NamedRun>& runs, const std::string& split) {
  std::vector<std::string> splits;
  for (const NamedRun& run : runs)
    for (const ReportedStage& stage : run.results.stages)
      for (const ReportedEvaluation& evaluation : stage.evaluations) add_once(evaluation.split, splits);
  if (std::find(splits.begin(), splits.end(), split) == splits.end())
    throw Error(ErrorKind::usage, fmt::format("no stage was evaluated on '{}'{}", split, suggestion(split, splits)));
}

void check_metric(const std::vector<NamedRun>& runs, const std::string& split, const std::string& metric) {
  std::vector<std::string> metrics;
  const bool of_class = metric.starts_with("class_");
  for (const NamedRun& run : runs)
    for (const ReportedStage& stage : run.results.stages) {
      if (stage.measure(split, metric) != nullptr) return;
      const ReportedEvaluation* evaluation = stage.evaluation(split);
      if (evaluation == nullptr) continue;
      for (const auto& [key, number] : evaluation->measures)
        if (key.starts_with("class_") == of_class) add_once(key, metrics);
    }
  throw Error(ErrorKind::usage,
              fmt::format("no stage has '{}' on the {} split{}", metric, split, suggestion(metric, metrics)));
}

/// The stage of a run that its others are compared with.
const ReportedStage* reference_stage(const ReportedRun& run, const std::string& split, const CompareOptions& options) {
  std::vector<std::string> names;
  for (const ReportedStage& stage : run.stages) {
    if (options.against.empty() && stage.measure(split, options.metric) != nullptr) return &stage;
    names.push_back(stage.name);
  }
  if (options.against.empty()) return nullptr;
  const ReportedStage* stage = run.stage(options.against);
  if (stage == nullptr)
    throw Error(ErrorKind::usage,
                fmt::format("the run has no stage '{}'{}", options.against, suggestion(options.against, names)));
  if (stage->measure(split, options.metric) == nullptr)
    throw Error(ErrorKind::usage,
                fmt::format("stage '{}' has no '{}' on the {} split (it is {}); expected a stage that has", stage->name,
                            options.metric, split, stage->status));
  return stage;
}

/// Adds how `run` differs from `reference_run`, or from that one stage of it.
void add_differences(const NamedRun& run, const NamedRun& reference_run, const ReportedStage* one,
                     ComparedRuns& compared) {
  for (const ReportedStage& stage : run.results.stages) {
    const ReportedStage* reference = one != nullptr ? one : reference_run.results.stage(stage.name);
    if (reference == nullptr || reference == &stage) continue;
    const Spread* before = reference->measure(compared.split, compared.metric);
    const Spread* after = stage.measure(compared.split, compared.metric);
    if (before != nullptr && after != nullptr)
      compared.differences.push_back({&run, &stage, &reference_run, reference, *before, *after});
  }
}

}  // namespace

std::vector<double> values_of(const Spread& number) {
  return number.values.empty() ? std::vector<double>{number.mean} : number.values;
}

std::optional<WelchInterval> StageDifference::interval() const {
  return welch_interval(values_of(before), values_of(after));
}

NoiseVerdict StageDifference::noise() const {
  return noise_between(before, after);
}

NoiseVerdict noise_between(const Spread& before, const Spread& after) {
  if (values_of(before).size() < 2 || values_of(after).size() < 2) return NoiseVerdict::too_few_seeds;
  const std::optional<WelchInterval> found = welch_interval(values_of(before), values_of(after));
  if (!found) return NoiseVerdict::seeds_do_not_vary;
  return found->excludes_zero() ? NoiseVerdict::exceeded : NoiseVerdict::not_exceeded;
}

ComparedRuns read_comparison(const std::vector<fs::path>& folders, const CompareOptions& options) {
  if (folders.empty()) throw Error(ErrorKind::usage, "no run to compare; expected the folder of at least one");
  if (folders.size() > 1 && !options.against.empty())
    throw Error(ErrorKind::usage,
                fmt::format("'{}' is a stage to compare the others of one run with; {} runs are given, "
                            "which are compared with the first",
                            options.against, folders.size()));
  ComparedRuns compared;
  compared.metric = options.metric;
  compared.runs = read_runs(folders);
  if (!options.split.empty()) check_split(compared.runs, options.split);
  compared.split = options.split.empty() ? common_split(compared.runs) : options.split;
  if (compared.split.empty()) return compared;
  check_metric(compared.runs, compared.split, options.metric);
  const NamedRun& first = compared.runs.front();
  if (compared.runs.size() == 1) {
    if (const ReportedStage* reference = reference_stage(first.results, compared.split, options))
      add_differences(first, first, reference, compared);
  }
  for (size_t i = 1; i < compared.runs.size(); ++i) add_differences(compared.runs[i], first, nullptr, compared);
  return compared;
}

}  // namespace limbeck
