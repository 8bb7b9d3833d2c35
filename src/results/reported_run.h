#pragma once
// A run's results as reports show them: measures under one name each, with their spread; given teachers beside stages.
// Fields that a run did not come to fill are empty; nothing here insists on them.
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

/// The numbers of one stage on one split.
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
  bool calibrated = false;                     ///< trains nothing, but changes biases of an earlier stage's network
  bool quantized = false;                      ///< its network is quantized to int8
  std::optional<SpecialistsPart> specialists;  ///< of a generalist with specialists
  int64_t replicas = 1;                        ///< networks that the stage trained; its numbers are their ensemble's
  std::string teacher;                         ///< the stage that taught it; empty without teacher
  std::string objective;                       ///< "0.9 soft_targets (T 20) + 0.1 hard_labels"
  std::string conditions;                      ///< how it was computed: "2 threads, float32, teacher in bfloat16"
  std::string note;                            ///< what else was done to it: "bias of class 3 raised by 3.4 …"
  std::vector<ReportedEvaluation> evaluations;
  std::vector<std::pair<std::string, double>> paper;  ///< the paper's numbers for this stage, by key

  const ReportedEvaluation* evaluation(const std::string& split) const;
  /// The number `key` on `split`, where there is one.
  const Spread* measure(const std::string& split, const std::string& key) const;
};

/// One of the recipe's own figures.
struct ReportedPlot {
  struct Point {
    double x = 0.0;
    double y = 0.0;
    std::optional<double> deviation;
    std::string stage;  ///< whose number it is; empty for a paper's
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
  bool points_only = false;             ///< no strokes between the points
  std::vector<std::string> categories;  ///< names of x = 0, 1, …; none where x is a number
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
  std::vector<ReportedStage>
      given;  ///< networks that came as files and teach, with what their students' evaluations say of them
  std::vector<ReportedPlot> plots;
  std::vector<ReportedCost> deployment;  ///< in LibTorch
  std::vector<ReportedCost> shipped;     ///< as ONNX files in onnxruntime

  const ReportedStage* stage(const std::string& name) const;
  /// The stage, or the given network, that taught it; null without one.
  const ReportedStage* teacher_of(const ReportedStage& student) const;
  /// The split that the run is judged by: test where any stage was evaluated on it, else validation, else any other.
  /// Empty when nothing was evaluated.
  std::string main_split() const;
  /// "test split, 10,000 examples"
  std::string split_note(const std::string& split) const;
  /// seeds_note() of the run's seeds.
  std::string seeds_note() const;
};

/// "mean ± standard deviation over 3 seeds (1, 2, 3)", "one seed (1)", or empty for no seeds.
std::string seeds_note(const std::vector<int64_t>& seeds);

ReportedRun reported_run(const RunResults& results);
/// Of the JSON in results.json.
ReportedRun parse_reported_run(const Json& results);

/// {"mean", "deviation", "values"}, as in a stage's "over_seeds"; nothing where there is no mean. A number alone is its
/// own mean.
std::optional<Spread> parse_reported_number(const Json& json);

/// Throws Error when the folder holds no results.json, or when that file is malformed.
ReportedRun read_reported_run(const std::filesystem::path& run_folder);

}  // namespace limbeck
