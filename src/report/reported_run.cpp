#include "report/reported_run.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/json.h"
#include "core/text.h"
#include "report/json_fields.h"

namespace limbeck {
namespace {
constexpr int64_t kFormat = 1;

/// The numbers of an object and of the objects in it, whose keys are joined: {"class_errors": {"3": 14}} holds
/// "class_errors.3".
void parse_measures(const Json& json, const Json& over_seeds, const std::string& prefix,
                    std::vector<std::pair<std::string, ReportedNumber>>& measures) {
  for (const auto& [key, value] : json.items()) {
    if (value.is_object() && prefix.empty()) parse_measures(value, json_field(over_seeds, key), key + ".", measures);
    if (const auto mean = json_number(value); mean && prefix + key != "examples")
      measures.emplace_back(prefix + key,
                            parse_reported_number(json_field(over_seeds, key)).value_or(ReportedNumber{.mean = *mean}));
  }
}

ReportedEvaluation parse_evaluation(const std::string& split, const Json& json, const Json& over_seeds) {
  ReportedEvaluation evaluation{.split = split, .examples = json_integer(json, "examples").value_or(0), .measures = {}};
  parse_measures(json, over_seeds, "", evaluation.measures);
  return evaluation;
}

std::vector<std::pair<std::string, double>> parse_paper(const Json& numbers) {
  std::vector<std::pair<std::string, double>> paper;
  if (!numbers.is_object()) return paper;
  std::vector<std::pair<std::string, ReportedNumber>> measures;
  parse_measures(numbers, Json(), "", measures);
  for (const auto& [key, number] : measures) paper.emplace_back(key, number.mean);
  return paper;
}

/// A number that can be written as a whole one; nothing for one that no clock can have measured.
std::optional<double> measured(const Json& json, const std::string& key) {
  constexpr double kLargest = 1e15;
  const std::optional<double> value = json_number(json, key);
  return value && *value >= 0 && *value <= kLargest ? value : std::nullopt;
}

ReportedSpecialists parse_specialists(const Json& json) {
  ReportedSpecialists found;
  for (const Json& group : json_items(json_field(json, "groups"))) {
    std::string& classes = found.groups.emplace_back();
    for (const Json& name : json_items(json_field(group, "classes")))
      classes += (classes.empty() ? "" : ", ") + json_text(name);
  }
  for (const Json& row : json_items(json_field(json, "by_coverage"))) {
    const auto count = [&](const char* key) { return json_integer(row, key).value_or(0); };
    found.coverage.push_back({count("specialists"), count("examples"), count("generalist_correct"), count("correct"),
                              json_number(row, "relative_gain")});
  }
  found.generalist_accuracy = json_number(json, "generalist_accuracy");
  found.accuracy = json_number(json, "accuracy");
  found.conditional_generalist = json_number(json_field(json, "conditional_accuracy"), "generalist");
  found.conditional = json_number(json_field(json, "conditional_accuracy"), "specialists");
  found.rand_index = json_number(json, "adjusted_rand_index");
  return found;
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
  stage.calibrated = json_field(json, "calibration").is_object();
  stage.quantized = json_field(json, "quantized").is_object();
  if (const Json& found = json_field(json, "specialists"); found.is_object())
    stage.specialists = parse_specialists(found);
  stage.replicas = json_integer(json_field(json, "replicas"), "count").value_or(1);
  stage.teacher = json_text(json, "teacher");
  stage.objective = json_text(json, "objective");
  for (const Json& condition : json_items(json_field(json, "conditions")))
    stage.conditions += (stage.conditions.empty() ? "" : "; then ") + json_text(condition);
  stage.note = json_text(json, "note");
  const Json& evaluations = json_field(json, "evaluations");
  if (evaluations.is_object()) {
    for (const auto& [split, evaluation] : evaluations.items())
      if (evaluation.is_object())
        stage.evaluations.push_back(
            parse_evaluation(split, evaluation, json_field(json_field(json, "over_seeds"), split)));
  }
  // Earlier results have the gain with the specialists alone.
  if (const auto gain = json_number(json_field(json, "specialists"), "relative_gain");
      gain && stage.measure("test", "relative_gain") == nullptr)
    for (ReportedEvaluation& evaluation : stage.evaluations)
      if (evaluation.split == "test")
        evaluation.measures.emplace_back("relative_gain", ReportedNumber()).second.mean = *gain;
  stage.paper = parse_paper(json_field(paper, stage.name));
  return stage;
}

/// A given network on a split, as the evaluation of a student says it.
std::optional<ReportedEvaluation> evaluation_of_teacher(const ReportedEvaluation& of_student) {
  ReportedEvaluation evaluation{.split = of_student.split, .examples = of_student.examples, .measures = {}};
  for (const char* key : {"errors", "accuracy"})
    if (const ReportedNumber* number = of_student.find(std::string("teacher_") + key))
      evaluation.measures.emplace_back(key, *number);
  return evaluation.measures.empty() ? std::nullopt : std::optional(evaluation);
}

/// Those of the run's files that teach, in their order.
std::vector<ReportedStage> parse_given(const Json& list, const ReportedRun& run) {
  std::vector<ReportedStage> teachers;
  for (const Json& json : json_items(list)) {
    ReportedStage given;
    given.name = json_text(json, "name");
    given.status = "given";
    given.parameters = json_integer(json, "parameters");
    given.multiply_adds = json_integer(json, "multiply_adds");
    if (const auto& files = json_items(json_field(json, "files")); !files.empty())
      given.network_description = std::filesystem::path(json_text(files.back())).filename().string();
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
  plot.points_only = json_field(json, "points_only") == true;
  for (const Json& name : json_items(json_field(json, "categories"))) plot.categories.push_back(json_text(name));
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

const ReportedStage* ReportedRun::teacher_of(const ReportedStage& student) const {
  if (const ReportedStage* found = stage(student.teacher)) return found;
  const auto found = std::find_if(given.begin(), given.end(),
                                  [&](const ReportedStage& network) { return network.name == student.teacher; });
  return found == given.end() ? nullptr : &*found;
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
  return limbeck::seeds_note(seeds);
}

std::string seeds_note(const std::vector<int64_t>& seeds) {
  if (seeds.empty()) return "";
  if (seeds.size() == 1) return fmt::format("one seed ({})", seeds.front());
  return fmt::format("mean ± standard deviation over {} seeds ({})", seeds.size(), fmt::join(seeds, ", "));
}

std::optional<ReportedNumber> parse_reported_number(const Json& json) {
  const std::optional<double> mean = json.is_object() ? json_number(json, "mean") : json_number(json);
  if (!mean) return std::nullopt;
  ReportedNumber number{.mean = *mean, .deviation = json_number(json, "deviation")};
  for (const Json& value : json_items(json_field(json, "values")))
    if (const auto finite = json_number(value)) number.values.push_back(*finite);
  if (number.values.size() == 1) number.deviation.reset();  // one seed has no spread
  return number;
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
  run.deployment = parse_deployment(json_field(results, "deployment"));
  run.shipped = parse_shipped(json_field(results, "deployment"));
  run.given = parse_given(json_field(results, "given"), run);
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
