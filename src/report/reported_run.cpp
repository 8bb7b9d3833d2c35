#include "report/reported_run.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/text.h"
#include "report/json_fields.h"

namespace limbeck {
namespace {
constexpr int64_t kFormat = 1;

ReportedNumber parse_measure(double mean, const Json& over_seeds) {
  ReportedNumber measure{.mean = mean};
  measure.deviation = json_number(over_seeds, "deviation");
  for (const Json& value : json_items(json_field(over_seeds, "values")))
    if (const auto finite = json_number(value)) measure.values.push_back(*finite);
  if (const auto over = json_number(over_seeds, "mean")) measure.mean = *over;
  if (measure.values.size() == 1) measure.deviation.reset();  // one seed has no spread
  return measure;
}

ReportedEvaluation parse_evaluation(const std::string& split, const Json& json, const Json& over_seeds) {
  ReportedEvaluation evaluation{.split = split, .examples = json_integer(json, "examples").value_or(0), .measures = {}};
  for (const auto& [key, value] : json.items()) {
    const auto mean = json_number(value);
    if (!mean || key == "examples") continue;
    evaluation.measures.emplace_back(key, parse_measure(*mean, json_field(over_seeds, key)));
  }
  return evaluation;
}

/// A number that can be written as a whole one; nothing for one that no clock can have measured.
std::optional<double> measured(const Json& json, const std::string& key) {
  constexpr double kLargest = 1e15;
  const std::optional<double> value = json_number(json, key);
  return value && *value >= 0 && *value <= kLargest ? value : std::nullopt;
}

ReportedStage parse_stage(const Json& json, const Json& paper) {
  ReportedStage stage;
  stage.name = json_text(json, "name");
  stage.status = json_text(json, "status");
  stage.seconds = measured(json, "seconds");
  stage.examples_per_second = measured(json, "examples_per_second");
  stage.epochs = json_integer(json, "epochs");
  const Json& network = json_field(json, "network");
  stage.network = json_text(network, "name");
  stage.network_description = json_text(network, "description");
  stage.parameters = json_integer(network, "parameters");
  stage.multiply_adds = json_integer(network, "multiply_adds");
  stage.teacher = json_text(json, "teacher");
  stage.objective = json_text(json, "objective");
  const Json& evaluations = json_field(json, "evaluations");
  if (evaluations.is_object()) {
    for (const auto& [split, evaluation] : evaluations.items())
      if (evaluation.is_object())
        stage.evaluations.push_back(
            parse_evaluation(split, evaluation, json_field(json_field(json, "over_seeds"), split)));
  }
  const Json& numbers = json_field(paper, stage.name);
  if (numbers.is_object()) {
    for (const auto& [key, value] : numbers.items())
      if (const auto finite = json_number(value)) stage.paper.emplace_back(key, *finite);
  }
  return stage;
}

ReportedPlot::Line parse_line(const Json& json) {
  ReportedPlot::Line line{.name = json_text(json, "name"), .points = {}};
  for (const Json& point : json_items(json_field(json, "points"))) {
    const auto x = json_number(point, "x"), y = json_number(point, "y");
    if (x && y) line.points.push_back({*x, *y, json_number(point, "deviation"), json_text(point, "stage")});
  }
  return line;
}

ReportedPlot parse_plot(const Json& json) {
  ReportedPlot plot;
  plot.title = json_text(json, "title");
  plot.x_label = json_text(json, "x_label");
  plot.y_label = json_text(json, "y_label");
  plot.log_x = json_field(json, "log_x") == true;
  plot.log_y = json_field(json, "log_y") == true;
  for (const Json& line : json_items(json_field(json, "lines"))) plot.lines.push_back(parse_line(line));
  return plot;
}

std::vector<int64_t> parse_seeds(const Json& results) {
  std::vector<int64_t> seeds;
  for (const Json& seed : json_items(json_field(results, "seeds")))
    if (const auto value = json_integer(seed)) seeds.push_back(*value);
  if (seeds.empty())
    if (const auto seed = json_integer(results, "seed")) seeds.push_back(*seed);
  return seeds;
}

}  // namespace

const ReportedNumber* ReportedEvaluation::find(const std::string& key) const {
  const auto found =
      std::find_if(measures.begin(), measures.end(), [&](const auto& entry) { return entry.first == key; });
  return found == measures.end() ? nullptr : &found->second;
}

const ReportedEvaluation* ReportedStage::evaluation(const std::string& split) const {
  const auto found = std::find_if(evaluations.begin(), evaluations.end(),
                                  [&](const ReportedEvaluation& evaluation) { return evaluation.split == split; });
  return found == evaluations.end() ? nullptr : &*found;
}

const ReportedNumber* ReportedStage::measure(const std::string& split, const std::string& key) const {
  const ReportedEvaluation* found = evaluation(split);
  return found ? found->find(key) : nullptr;
}

const ReportedStage* ReportedRun::stage(const std::string& name) const {
  const auto found =
      std::find_if(stages.begin(), stages.end(), [&](const ReportedStage& stage) { return stage.name == name; });
  return found == stages.end() ? nullptr : &*found;
}

std::string ReportedRun::main_split() const {
  for (const char* split : {"test", "validation"})
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
  if (seeds.empty()) return "";
  if (seeds.size() == 1) return fmt::format("one seed ({})", seeds.front());
  return fmt::format("mean ± standard deviation over {} seeds ({})", seeds.size(), fmt::join(seeds, ", "));
}

ReportedRun parse_reported_run(const Json& results) {
  ReportedRun run;
  run.name = json_text(results, "name");
  run.version = json_text(results, "version");
  run.seeds = parse_seeds(results);
  const Json& data = json_field(results, "data");
  run.data_source = json_text(data, "source");
  for (const Json& name : json_items(json_field(data, "classes"))) run.classes.push_back(json_text(name));
  const Json& splits = json_field(data, "splits");
  if (splits.is_object()) {
    for (const auto& [split, count] : splits.items())
      if (const auto examples = json_integer(count)) run.splits.emplace_back(split, *examples);
  }
  const Json& environment = json_field(results, "environment");
  if (environment.is_object()) {
    for (const auto& [key, value] : environment.items())
      run.environment.emplace_back(key, value.is_structured() ? value.dump() : json_text(value));
  }
  for (const Json& stage : json_items(json_field(results, "stages")))
    run.stages.push_back(parse_stage(stage, json_field(results, "paper")));
  for (const Json& plot : json_items(json_field(results, "plots"))) run.plots.push_back(parse_plot(plot));
  return run;
}

ReportedRun read_reported_run(const std::filesystem::path& run_folder) {
  const std::filesystem::path file = run_folder / "results.json";
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored))
    throw Error(fmt::format("'{}' holds no results.json; expected the folder of a run", run_folder.string()));
  const Json results = read_json(file);
  const int64_t format = json_integer(results, "format").value_or(kFormat);
  if (format != kFormat)
    throw Error(fmt::format("'{}' has format {}; this program reads format {}", file.string(), format, kFormat));
  if (!json_field(results, "stages").is_array())
    throw Error(fmt::format("'{}' has no list of stages; expected the results of a run", file.string()));
  return parse_reported_run(results);
}

}  // namespace limbeck
