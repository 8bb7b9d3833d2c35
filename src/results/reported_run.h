#pragma once
// A run's results as shown in reports: every metric under one name with its spread; pretrained teachers beside stages.
// Fields that the run did not write are empty.
//
//   const ReportedRun results = read_reported_run("runs/hinton2015");
//   const ReportedEvaluation* test = results.stages[0].evaluation("test");
//   if (const Spread* errors = test ? test->find("errors") : nullptr) fmt::print("{}", errors->mean);
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "results/metric_format.h"
#include "results/reported_cost.h"
#include "results/run_results.h"
#include "results/stage_parts.h"

namespace limbeck {

/// The metrics of one stage on one split.
struct ReportedEvaluation {
  std::string split;
  int64_t examples = 0;
  /// By key: errors, accuracy, nll, …; the errors of the class "3" are "class_errors.3".
  std::vector<std::pair<std::string, Spread>> measures;

  const Spread* find(const std::string& key) const;
};

struct ReportedStage {
  std::string name;
  std::string status;  ///< done, failed, interrupted, pending
  std::optional<double> seconds;
  std::optional<double> examples_per_second;
  std::optional<int64_t> epochs;
  std::string network;              ///< its name in the recipe
  std::string network_description;  ///< "mlp 800-800"
  std::optional<int64_t> parameters;
  std::optional<int64_t> multiply_adds;
  bool calibrated = false;                     ///< trains nothing; adjusts output biases of an earlier stage's network
  bool quantized = false;                      ///< its network is quantized to int8
  std::optional<SpecialistsPart> specialists;  ///< only for a generalist with specialists
  int64_t replicas = 1;    ///< networks trained by the stage; its metrics are those of their ensemble
  std::string teacher;     ///< teacher stage; empty without teacher
  std::string objective;   ///< "0.9 soft_targets (T 20) + 0.1 hard_labels"
  std::string conditions;  ///< how it was computed: "2 threads, float32, teacher in bfloat16"
  std::string note;        ///< further remarks: "bias of class 3 raised by 3.4 …"
  std::vector<ReportedEvaluation> evaluations;
  std::vector<std::pair<std::string, double>> paper;  ///< the paper's numbers for this stage, by key

  const ReportedEvaluation* evaluation(const std::string& split) const;
  /// Returns the metric `key` on `split`; nullptr if there is none.
  const Spread* measure(const std::string& split, const std::string& key) const;
};

/// A figure defined by the recipe.
struct ReportedPlot {
  struct Point {
    double x = 0.0;
    double y = 0.0;
    std::optional<double> deviation;
    std::string stage;  ///< source of the value; empty for the paper's
  };
  struct Line {
    std::string name;
    std::vector<Point> points;
  };
  std::string title;
  std::string x_label;
  std::string y_label;
  bool log_x = false;
  bool log_y = false;
  bool points_only = false;             ///< points without connecting lines
  std::vector<std::string> categories;  ///< labels of x = 0, 1, …; empty if x is numeric
  std::vector<Line> lines;
};

struct ReportedRun {
  std::string name;
  std::string version;
  std::vector<int64_t> seeds;
  std::string data_source;
  std::vector<std::string> classes;
  std::vector<std::pair<std::string, int64_t>> splits;
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<ReportedStage> stages;
  std::vector<ReportedStage> given;  ///< pretrained teachers, with metrics from their students' evaluations
  std::vector<ReportedPlot> plots;
  std::vector<ReportedCost> deployment;  ///< in LibTorch
  std::vector<ReportedCost> shipped;     ///< as ONNX files in onnxruntime

  const ReportedStage* stage(const std::string& name) const;
  /// Returns the teacher, a stage or a pretrained network; null if there is none.
  const ReportedStage* teacher_of(const ReportedStage& student) const;
  /// Returns the main evaluation split: test if any stage was evaluated on it, else validation, else any other. Empty
  /// if nothing was evaluated.
  std::string main_split() const;
  /// "test split, 10,000 examples"
  std::string split_note(const std::string& split) const;
  /// seeds_note() of the run's seeds.
  std::string seeds_note() const;
};

/// "mean ± standard deviation over 3 seeds (1, 2, 3)", "one seed (1)", or empty for no seeds.
std::string seeds_note(const std::vector<int64_t>& seeds);

ReportedRun reported_run(const RunResults& results);
/// Converts the JSON of results.json.
ReportedRun parse_reported_run(const Json& results);

/// Parses {"mean", "deviation", "values"}, as in a stage's "over_seeds"; nullopt if there is no mean. Also accepts a
/// plain number, as its own mean.
std::optional<Spread> parse_reported_number(const Json& json);

/// Reads a run's results.json. Throws Error if it is missing or malformed.
ReportedRun read_reported_run(const std::filesystem::path& run_folder);

}  // namespace limbeck
