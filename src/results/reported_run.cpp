#include "results/reported_run.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/json.h"
#include "core/text.h"
#include "results/binding.h"
#include "results/json_fields.h"
#include "results/keys.h"

namespace limbeck {
namespace {

Spread shown(Spread number) {
  if (number.values.size() == 1) number.deviation.reset();  // one seed has no spread
  return number;
}

/// The numbers, and those of groups, whose names are joined: {"class_errors": {"3": 14}} holds "class_errors.3".
void add_measures(const Metrics& metrics, const Spreads& over_seeds, const std::string& prefix,
                  std::vector<std::pair<std::string, Spread>>& measures) {
  static const Spreads kNone;
  for (const auto& [name, value] : metrics) {
    if (const auto* group = std::get_if<Metrics>(&value); group != nullptr && prefix.empty()) {
      const Spreads* inner = over_seeds.group(name);
      add_measures(*group, inner == nullptr ? kNone : *inner, name + ".", measures);
    }
    const std::optional<double> mean = metrics.number(name);
    if (!mean || prefix + name == keys::kExamples) continue;
    const Spread* spread = over_seeds.spread(name);
    measures.emplace_back(prefix + name, spread == nullptr ? Spread{.mean = *mean} : shown(*spread));
  }
}

ReportedEvaluation evaluation_of(const std::string& split, const StageResult& stage) {
  static const Spreads kNone;
  const Metrics& metrics = *stage.evaluations.find(split);
  const Spreads* over_seeds = stage.over_seeds ? stage.over_seeds->find(split) : nullptr;
  ReportedEvaluation evaluation{
      .split = split, .examples = std::llround(metrics.number(keys::kExamples).value_or(0)), .measures = {}};
  add_measures(metrics, over_seeds == nullptr ? kNone : *over_seeds, "", evaluation.measures);
  return evaluation;
}

std::vector<std::pair<std::string, double>> paper_of(const Json& numbers) {
  std::vector<std::pair<std::string, double>> paper;
  Metrics metrics;
  metrics.read(numbers);
  std::vector<std::pair<std::string, Spread>> measures;
  add_measures(metrics, Spreads(), "", measures);
  for (const auto& [key, number] : measures) paper.emplace_back(key, number.mean);
  return paper;
}

/// A number that can be written as a whole one; nothing for one that no clock can have measured.
std::optional<double> measured(const std::optional<double>& value) {
  constexpr double kLargest = 1e15;
  return value && *value >= 0 && *value <= kLargest ? value : std::nullopt;
}

ReportedStage reported_stage(const StageResult& result, const Json& paper) {
  ReportedStage stage;
  stage.name = result.name;
  stage.status = result.status;
  stage.seconds = measured(result.seconds);
  stage.examples_per_second = measured(result.examples_per_second);
  if (result.epochs) stage.epochs = std::llround(result.epochs->value);
  stage.network = result.network.name;
  stage.network_description = result.network.description;
  stage.parameters = result.network.parameters;
  stage.multiply_adds = result.network.multiply_adds;
  stage.calibrated = result.parts.find<CalibrationPart>() != nullptr;
  stage.quantized = result.parts.find<QuantizedPart>() != nullptr;
  if (const auto* specialists = result.parts.find<SpecialistsPart>()) stage.specialists = *specialists;
  if (const auto* replicas = result.parts.find<ReplicasPart>()) stage.replicas = replicas->count;
  stage.teacher = result.teacher.value_or("");
  stage.objective = result.objective;
  stage.conditions = fmt::format("{}", fmt::join(result.conditions, "; then "));
  stage.note = result.said;
  for (const auto& [split, metrics] : result.evaluations) stage.evaluations.push_back(evaluation_of(split, result));
  // Earlier results have the gain with the specialists alone.
  if (stage.specialists && stage.specialists->relative_gain &&
      stage.measure(keys::kTest, keys::kRelativeGain) == nullptr)
    for (ReportedEvaluation& evaluation : stage.evaluations)
      if (evaluation.split == keys::kTest)
        evaluation.measures.emplace_back(keys::kRelativeGain, Spread()).second.mean = *stage.specialists->relative_gain;
  stage.paper = paper_of(json_field(paper, stage.name));
  return stage;
}

/// A given network on a split, as the evaluation of a student says it.
std::optional<ReportedEvaluation> evaluation_of_teacher(const ReportedEvaluation& of_student) {
  ReportedEvaluation evaluation{.split = of_student.split, .examples = of_student.examples, .measures = {}};
  for (const auto& [of_teacher, key] :
       {std::pair{keys::kTeacherErrors, keys::kErrors}, std::pair{keys::kTeacherAccuracy, keys::kAccuracy}})
    if (const Spread* number = of_student.find(of_teacher)) evaluation.measures.emplace_back(key, *number);
  return evaluation.measures.empty() ? std::nullopt : std::optional(evaluation);
}

/// Those of the run's files that teach, in their order.
std::vector<ReportedStage> teachers_in(const std::vector<GivenNetwork>& networks, const ReportedRun& run) {
  std::vector<ReportedStage> teachers;
  for (const GivenNetwork& network : networks) {
    ReportedStage given;
    given.name = network.name;
    given.status = "given";
    given.parameters = network.parameters;
    given.multiply_adds = network.multiply_adds;
    if (!network.files.empty())
      given.network_description = std::filesystem::path(network.files.back()).filename().string();
    for (const ReportedCost& cost : run.deployment)
      if (cost.name == given.name && !given.parameters) given.parameters = cost.parameters;
    for (const ReportedStage& student : run.stages)
      for (const ReportedEvaluation& of_student : student.evaluations)
        if (student.teacher == given.name && given.evaluation(of_student.split) == nullptr)
          if (auto evaluation = evaluation_of_teacher(of_student)) given.evaluations.push_back(std::move(*evaluation));
    if (!given.evaluations.empty() && run.stage(given.name) == nullptr) teachers.push_back(std::move(given));
  }
  return teachers;
}

ReportedPlot reported_plot(const PlotResult& result) {
  ReportedPlot plot;
  plot.title = result.title;
  plot.x_label = result.x_label;
  plot.y_label = result.y_label;
  plot.log_x = result.log_x;
  plot.log_y = result.log_y;
  plot.points_only = result.points_only.value_or(false);
  plot.categories = result.categories.value_or(std::vector<std::string>{});
  for (const PlotResult::Line& line : result.lines) {
    ReportedPlot::Line& own = plot.lines.emplace_back();
    own.name = line.name;
    for (const PlotResult::Point& point : line.points)
      if (point.x && point.y)
        own.points.push_back({point.x->value, point.y->value, point.deviation, point.stage.value_or("")});
  }
  return plot;
}

}  // namespace

const Spread* ReportedEvaluation::find(const std::string& key) const {
  const auto found =
      std::find_if(measures.begin(), measures.end(), [&](const auto& entry) { return entry.first == key; });
  return found == measures.end() ? nullptr : &found->second;
}

const ReportedEvaluation* ReportedStage::evaluation(const std::string& split) const {
  const auto found = std::find_if(evaluations.begin(), evaluations.end(),
                                  [&](const ReportedEvaluation& evaluation) { return evaluation.split == split; });
  return found == evaluations.end() ? nullptr : &*found;
}

const Spread* ReportedStage::measure(const std::string& split, const std::string& key) const {
  const ReportedEvaluation* found = evaluation(split);
  return found ? found->find(key) : nullptr;
}

const ReportedStage* ReportedRun::stage(const std::string& name) const {
  const auto found =
      std::find_if(stages.begin(), stages.end(), [&](const ReportedStage& stage) { return stage.name == name; });
  return found == stages.end() ? nullptr : &*found;
}

const ReportedStage* ReportedRun::teacher_of(const ReportedStage& student) const {
  if (const ReportedStage* found = stage(student.teacher)) return found;
  const auto found = std::find_if(given.begin(), given.end(),
                                  [&](const ReportedStage& network) { return network.name == student.teacher; });
  return found == given.end() ? nullptr : &*found;
}

std::string ReportedRun::main_split() const {
  for (const char* split : {keys::kTest, keys::kValidation})
    for (const ReportedStage& stage : stages)
      if (stage.evaluation(split)) return split;
  for (const ReportedStage& stage : stages)
    if (!stage.evaluations.empty()) return stage.evaluations.front().split;
  return "";
}

std::string ReportedRun::split_note(const std::string& split) const {
  std::set<int64_t> counts;
  for (const ReportedStage& stage : stages)
    if (const ReportedEvaluation* evaluation = stage.evaluation(split)) counts.insert(evaluation->examples);
  if (counts.empty()) return fmt::format("{} split", split);
  if (counts.size() == 1) return fmt::format("{} split, {} examples", split, with_commas(*counts.begin()));
  return fmt::format("{} split, {} to {} examples, by stage", split, with_commas(*counts.begin()),
                     with_commas(*counts.rbegin()));
}

std::string ReportedRun::seeds_note() const {
  return limbeck::seeds_note(seeds);
}

std::string seeds_note(const std::vector<int64_t>& seeds) {
  if (seeds.empty()) return "";
  if (seeds.size() == 1) return fmt::format("one seed ({})", seeds.front());
  return fmt::format("mean ± standard deviation over {} seeds ({})", seeds.size(), fmt::join(seeds, ", "));
}

std::optional<Spread> parse_reported_number(const Json& json) {
  if (!json_number(json) && !json_number(json, keys::kMean)) return std::nullopt;
  Spread number;
  number.read(json);
  return shown(number);
}

ReportedRun reported_run(const RunResults& results) {
  ReportedRun run;
  run.name = results.name;
  run.version = results.version;
  run.seeds = results.all_seeds();
  run.data_source = results.data.source;
  run.classes = results.data.classes;
  for (const auto& [split, examples] : results.data.splits)
    if (examples) run.splits.emplace_back(split, *examples);
  if (results.environment.is_object())
    for (const auto& [key, value] : results.environment.items())
      run.environment.emplace_back(key, value.is_structured() ? value.dump() : json_text(value));
  for (const StageResult& stage : results.stages) run.stages.push_back(reported_stage(stage, results.paper));
  if (results.deployment) {
    run.deployment = costs_in_libtorch(*results.deployment);
    run.shipped = costs_of_files(*results.deployment);
  }
  run.given = teachers_in(results.given, run);
  for (const PlotResult& plot : results.plots) run.plots.push_back(reported_plot(plot));
  return run;
}

ReportedRun parse_reported_run(const Json& results) {
  return reported_run(from_json<RunResults>(results));
}

ReportedRun read_reported_run(const std::filesystem::path& run_folder) {
  return reported_run(read_results(run_folder));
}

}  // namespace limbeck
