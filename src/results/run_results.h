#pragma once
// results.json: the results of a run, in a stable format for other programs.
//
//   const RunResults results = read_results("runs/hinton2015");
//   results.stages[0].number("test", "errors");
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/json.h"
#include "results/cost_row.h"
#include "results/stage_result.h"

namespace limbeck {

struct Recipe;

struct DataResult {
  std::string source;  ///< "mnist"
  std::vector<std::string> classes;
  Named<std::optional<int64_t>> splits;          ///< numbers of examples
  std::optional<std::string> fingerprint;        ///< of the files' content
  std::optional<std::string> extra_fingerprint;  ///< of unlabelled examples from elsewhere

  void bind(ResultFields& fields);
};

/// A pretrained network loaded from a file.
struct GivenNetwork {
  std::string name;
  std::vector<std::string> files;
  Named<std::string> description;  ///< metadata of a model file: its input and output
  std::optional<int64_t> parameters;
  std::optional<int64_t> multiply_adds;

  void bind(ResultFields& fields);
};

/// A figure defined by the recipe, with the results of a run.
struct PlotResult {
  struct Point {
    std::optional<Number> x;
    std::optional<std::string> stage;  ///< source of the value; none for the paper's
    std::optional<Number> y;
    std::optional<double> deviation;  ///< over the seeds
    void bind(ResultFields& fields);
  };
  struct Line {
    std::string name;
    std::vector<Point> points;
    void bind(ResultFields& fields);
  };
  std::string title, x_label, y_label;
  bool log_x = false, log_y = false;
  std::optional<bool> points_only;
  std::vector<Line> lines;
  std::optional<std::vector<std::string>> categories;  ///< labels of x = 0, 1, …; none if x is numeric

  void bind(ResultFields& fields);
};

struct RunResults {
  static constexpr int64_t kFormat = 1;

  std::string name;
  int64_t format = kFormat;
  std::string version;
  std::string commit;
  Json paper;                        ///< the paper's numbers, from the recipe: {"teacher": {"errors": 67}}
  std::vector<std::string> command;  ///< command line of the run
  std::string made_of;               ///< fingerprint of everything that the results depend on
  std::optional<int64_t> seed;       ///< if there is one seed
  DataResult data;
  Json environment;  ///< system, processor, memory, threads, LibTorch, device, date
  std::vector<GivenNetwork> given;
  std::vector<StageResult> stages;
  std::vector<PlotResult> plots;
  std::optional<std::vector<CostRow>> deployment;  ///< inference cost of the networks
  std::vector<int64_t> seeds;                      ///< if there are several seeds

  const StageResult* stage(const std::string& name) const;
  /// Returns the seeds, one or several; empty if the file has none.
  std::vector<int64_t> all_seeds() const;
  void bind(ResultFields& fields);
};

/// Returns results with the fields that precede the stages: name, version, commit, paper.
RunResults results_of(const Recipe& recipe);

/// Combines the results of several seeds: numbers become means; each stage has "over_seeds". Requires at least one.
RunResults combine_seeds(const std::vector<RunResults>& seeds);

/// Reads a run's results.json. Throws Error if it is missing, malformed or of another format version.
RunResults read_results(const fs::path& run_folder);

}  // namespace limbeck
