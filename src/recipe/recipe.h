#pragma once
// A recipe as typed structs: what `limbeck run` does. Only `name`, `data`, `networks` and `stages` are required, and of
// a stage `name` and `train`; every default stands here, once.
//
//   name: quick
//   data: { source: digits }
//   networks: { small: { mlp: { hidden: [64] } } }
//   stages: [ { name: baseline, train: small } ]
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "recipe/catalogue.h"

namespace limbeck {

/// The numbers that an evaluation gives, by the names that `paper`, `plots` and results.json use.
const std::vector<std::string>& evaluation_metrics();

/// Which training examples a stage sees, and which of them keep their labels.
struct ExamplesRecipe {
  std::vector<int64_t> classes;  ///< keep these classes only; empty: all
  std::vector<int64_t> without;  ///< leave these classes out
  double fraction = 1;           ///< keep this part, drawn per class
  double unlabelled = 0;         ///< this part of the kept examples loses its labels

  void bind(Fields& fields);
};

struct DataRecipe {
  Choice source;
  int64_t validation = 0;  ///< training examples held out, drawn once per seed
  std::vector<Choice> augment;
  ExamplesRecipe examples;
};

struct NetworkRecipe {
  std::string name;
  Choice architecture;
  std::string weights;  ///< safetensors file; empty: trained by a stage
};

/// The weight of a loss term: constant, or going from one value to another over the first epochs of a stage.
struct WeightRecipe {
  enum class Shape { linear, cosine };
  double from = 1;
  double to = 1;
  double epochs = 0;  ///< 0: constant at `to`
  Shape shape = Shape::linear;

  void bind(Fields& fields);
  /// The weight when `epoch` epochs are done; fractions of epochs count.
  double at(double epoch) const;
};

struct LossTermRecipe {
  Choice loss;
  WeightRecipe weight;
};

/// In what the factors of a training pass's large matrix products are given. automatic: bfloat16 where the processor is faster
/// with it. Evaluation is always in float32.
enum class PrecisionChoice { automatic, float32, bfloat16 };

struct StageRecipe {
  std::string name;
  std::string network;  ///< key `train`
  SourceLocation where;
  int64_t epochs = 20;
  int64_t batch_size = 128;
  int64_t evaluate_every = 1;      ///< epochs between validations
  double checkpoint_seconds = 30;  ///< time between checkpoints; 0: after every step
  PrecisionChoice precision = PrecisionChoice::automatic;
  std::vector<Choice> augment;     ///< as the data's, where the stage says nothing
  ExamplesRecipe examples;         ///< likewise
  Choice teacher;                  ///< empty: none
  std::vector<std::string> inputs; ///< stages and networks that this stage refers to
  std::vector<LossTermRecipe> loss;
  Choice optimizer;
  Choice schedule;

  /// The plain fields; the others are read by parse_recipe.
  void bind(Fields& fields);
};

/// A line chart of a recipe: how a metric of several stages depends on a number.
struct PlotRecipe {
  struct Line {
    std::string name;
    std::vector<std::pair<double, std::string>> points;  ///< x, stage
  };
  std::string title;
  std::string x_label;
  std::string metric = "errors";
  bool log_x = false;
  std::vector<Line> lines;
};

struct Recipe {
  std::string name;
  int64_t seed = 1;
  DataRecipe data;
  std::vector<NetworkRecipe> networks;
  std::vector<StageRecipe> stages;
  std::map<std::string, std::map<std::string, double>> paper;  ///< stage → metric → the paper's value
  std::vector<PlotRecipe> plots;

  const NetworkRecipe* network(const std::string& name) const;
  const StageRecipe* stage(const std::string& name) const;
};

/// Reads a recipe, applies the settings, checks everything. Throws DiagnosticsError with all mistakes.
Recipe parse_recipe(const std::string& text, const std::string& file, const std::vector<std::string>& settings,
                    const Catalogue& catalogue);

/// The recipe with every default spelled out; reading it again gives the same recipe.
Json resolved(const Recipe& recipe);
Json resolved(const StageRecipe& stage);
Json resolved(const DataRecipe& data);

/// JSON as YAML that people read: maps and lists in blocks, short ones in one line.
std::string to_yaml(const Json& json);

}  // namespace limbeck
