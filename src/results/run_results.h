#pragma once
// results.json: what a run found, in a form that other programs may rely on.
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

/// A network that came as a file.
struct GivenNetwork {
  std::string name;
  std::vector<std::string> files;
  Named<std::string> description;  ///< metadata of a model file: what it takes and gives
  std::optional<int64_t> parameters;
  std::optional<int64_t> multiply_adds;

  void bind(ResultFields& fields);
};

/// One of the recipe's own figures, with the numbers of a run.
struct PlotResult {
  struct Point {
    std::optional<Number> x;
    std::optional<std::string> stage;  ///< whose number it is; none of a paper's
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
  std::optional<std::vector<std::string>> categories;  ///< names of x = 0, 1, …; none where x is a number

  void bind(ResultFields& fields);
};

struct RunResults {
  static constexpr int64_t kFormat = 1;

  std::string name;
  int64_t format = kFormat;
  std::string version;
  std::string commit;
  Json paper;                        ///< the paper's numbers, as the recipe has them: {"teacher": {"errors": 67}}
  std::vector<std::string> command;  ///< by which the run was started
  std::string made_of;               ///< fingerprint of all that the results depend on
  std::optional<int64_t> seed;       ///< of one
  DataResult data;
  Json environment;  ///< where it took place: system, processor, memory, threads, LibTorch, device, date
  std::vector<GivenNetwork> given;
  std::vector<StageResult> stages;
  std::vector<PlotResult> plots;
  std::optional<std::vector<CostRow>> deployment;  ///< what its networks cost where they are used
  std::vector<int64_t> seeds;                      ///< of several

  const StageResult* stage(const std::string& name) const;
  /// Of one seed or of several; none where the file has none.
  std::vector<int64_t> all_seeds() const;
  void bind(ResultFields& fields);
};

/// What stands before the stages: name, version, commit, paper.
RunResults results_of(const Recipe& recipe);

/// One result of several seeds: numbers are means; each stage has "over_seeds". Never of none.
RunResults combine_seeds(const std::vector<RunResults>& seeds);

/// Throws Error when the folder holds no results.json, or when that file is malformed or of another format.
RunResults read_results(const fs::path& run_folder);

}  // namespace limbeck
