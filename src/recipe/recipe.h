#pragma once
// A recipe as typed structs: the input of `limbeck run`. Only `name`, `data`, `networks` and `stages` are required, and
// for a stage `name` and `train`. All defaults are defined here.
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
#include "recipe/input_recipe.h"
#include "recipe/stage_options.h"

namespace limbeck {

/// Returns the metrics of an evaluation, by their names in `paper`, `plots` and results.json.
const std::vector<std::string>& evaluation_metrics();

/// The transfer set: which training examples a stage uses, and which of them keep their labels.
struct ExamplesRecipe {
  std::vector<int64_t> classes;  ///< keep these classes only; empty: all
  std::vector<int64_t> without;  ///< leave these classes out
  double fraction = 1;           ///< fraction of each class to keep
  double unlabelled = 0;         ///< fraction of the kept examples whose labels are hidden
  double noise = 0;   ///< label noise: probability that a label is replaced by another of the kept classes, drawn once
  bool extra = true;  ///< also use the data's extra unlabelled examples

  void bind(Fields& fields);
};

/// `bind` lists all keys of this section: plain ones as fields, and those that parse_recipe parses itself as parts.
struct DataRecipe {
  Choice source;
  int64_t validation = 0;  ///< training examples held out, drawn once per seed
  SourceLocation validation_where = {};
  Choice extra;  ///< a further dataset whose training examples are added without labels; empty: none
  std::vector<Choice> augment;
  ExamplesRecipe examples;
  NormalizeRecipe normalize;  ///< input normalization of networks without `input`

  void bind(Fields& fields);
};

struct NetworkRecipe {
  std::string name;
  Choice architecture;
  std::string weights;  ///< safetensors file of pretrained weights; stages that train the network start from them.
                        ///< Empty: random weights, or those of the architecture
  InputRecipe input;
  std::vector<std::string> classes;  ///< names of its outputs, in their order, which are matched with the data's;
                                     ///< empty: they are the data's
  bool classes_by_name = false;      ///< they are those that its file names

  /// The keys beside the architecture's.
  void bind(Fields& fields);
  /// Whether the network is pretrained, i.e. can be used without a stage that trains it.
  bool has_weights() const;
  /// Whether its outputs are put in the order of the data's classes.
  bool matches_classes() const { return classes_by_name || !classes.empty(); }
};

/// The weight of a loss term: constant, or annealed over the first epochs of a stage.
struct WeightRecipe {
  enum class Shape { linear, cosine };
  double from = 1;
  double to = 1;
  double epochs = 0;  ///< 0: constant at `to`
  Shape shape = Shape::linear;

  void bind(Fields& fields);
  /// Returns the weight after `epoch` epochs, which may be fractional.
  double at(double epoch) const;
};

/// Standardization of logits before a loss sees them (loss/objective.h). population, sample: how the deviation is
/// estimated.
enum class Standardize { none, population, sample };

struct LossTermRecipe {
  Choice loss;
  WeightRecipe weight;
  Standardize standardize = Standardize::none;

  /// The keys common to all losses' options.
  void bind(Fields& fields);
};

/// The precision of a training pass's large matrix products. automatic: bfloat16 if the processor is faster with it.
/// Evaluation is always in float32.
enum class PrecisionChoice { automatic, float32, tf32, bfloat16 };

/// Early stopping and other criteria that end a stage before its last epoch. The learning-rate schedule is not
/// affected.
struct StopRecipe {
  enum class By { accuracy, loss };
  int64_t epoch = 0;     ///< stop after this many epochs; 0: off
  double accuracy = 0;   ///< stop at this accuracy on validation, or, without a validation split, on the epoch's
                         ///< training examples; 0: off
  int64_t patience = 0;  ///< early stopping: stop after this many epochs without improvement on validation, and keep
                         ///< the best epoch; 0: off
  By by = By::accuracy;  ///< the validation metric of early stopping

  bool any() const { return epoch > 0 || accuracy > 0 || patience > 0; }
  void bind(Fields& fields);
};

/// The random stream of all stages before version 0.2: random numbers depend on the run's seed alone.
constexpr const char* kSharedStream = "none";

struct StageRecipe {
  std::string name;
  std::string network;          ///< key `train`; for a stage that trains nothing, the network that it modifies
  std::string initial_weights;  ///< earlier stage or pretrained network whose weights this stage starts from
                                ///< (fine-tuning); empty: those of the network that `train` names
  std::string classifier;       ///< earlier stage or pretrained network whose last layer this network begins with
  SourceLocation where;
  std::string stream;   ///< random stream for initial weights, example order, views and dropout; default: the stage's
                        ///< name; see kSharedStream
  Choice kind;          ///< stage kind; empty: trains a single network
  int64_t member = 0;   ///< index of the member that this stage trains alone, from 1; 0: the stage itself
  int64_t epochs = 20;  ///< 0: no training, which only some kinds allow
  int64_t batch_size = 128;
  int64_t evaluate_every = 1;      ///< epochs between validations
  double checkpoint_seconds = 30;  ///< seconds between checkpoints after the first epoch's; 0: after every step
  PrecisionChoice precision = PrecisionChoice::automatic;
  bool sync_batch_norm = false;       ///< several processes: statistics of the whole batch, not of each one's part
  std::vector<Choice> augment;        ///< default: the data's
  ExamplesRecipe examples;            ///< default: the data's
  Choice teacher;                     ///< empty: none
  std::vector<std::string> teachers;  ///< stages and networks that the teacher refers to
  std::vector<std::string> inputs;    ///< dependencies: the teachers, and networks whose weights it starts from
  StopRecipe stop;
  std::vector<LossTermRecipe> loss;
  Choice optimizer;
  Choice schedule;

  void bind(Fields& fields);
  /// Binds the parts only. They are read first, since defaults of fields depend on them.
  void bind_parts(Fields& fields);
  /// Returns the properties defined by the stage's kind.
  StageForm form() const;
};

/// Returns NAME.k, the name of a stage's k-th member, k from 1, or of its k-th round of training before the last.
std::string part_name(const std::string& stage, int64_t k);
/// Whether one of the stage's parts has this name.
bool is_part(const StageRecipe& stage, const std::string& name);
/// Returns the stage that trains a stage's k-th member alone.
StageRecipe member_of(const StageRecipe& stage, int64_t k);
/// Returns the names of the folders that hold a stage's weights: its own, or one per member.
std::vector<std::string> weight_folders(const StageRecipe& stage);

/// A chart defined by a recipe: a metric of several stages over a number, another metric, the epoch, or the stage.
struct PlotRecipe {
  /// The quantity on the x axis: numbers given in the recipe, the epochs of each stage, the stages themselves, or a
  /// metric such as teacher_accuracy.
  std::string x = "value";
  struct Point {
    double x = 0;       ///< x: value
    std::string stage;  ///< empty: plots `value`, a paper's number
    double value = 0;
  };
  struct Line {
    std::string name;
    std::vector<Point> points;  ///< x: epoch: one stage
  };
  std::string title;
  std::string x_label;
  std::string metric = "errors";
  std::string split = "test";  ///< x: epoch: train or validation
  bool log_x = false;
  bool log_y = false;
  std::vector<Line> lines;

  void bind(Fields& fields);
};

/// The numbers that a paper published for a stage.
struct PaperRecipe {
  void bind(Fields& fields);
};

struct Recipe {
  std::string name;
  int64_t seed = 1;
  DataRecipe data;
  std::vector<NetworkRecipe> networks;
  std::vector<StageRecipe> stages;
  std::map<std::string, std::map<std::string, double>> paper;  ///< stage → metric → the paper's value; "class_errors.3"
  std::vector<PlotRecipe> plots;

  void bind(Fields& fields);
  const NetworkRecipe* network(const std::string& name) const;
  const StageRecipe* stage(const std::string& name) const;
  /// Returns the stage of this name or with a part of this name.
  const StageRecipe* stage_of(const std::string& name) const;
};

/// The keys of one section of the recipe, without those of components.
struct RecipeSection {
  std::string name;   ///< "stages"
  std::string where;  ///< "stages[]"
  std::string summary;
  std::vector<FieldDescription> keys;
};
std::vector<RecipeSection> recipe_sections(const Catalogue& catalogue);

/// Throws Error if the file cannot be read, and DiagnosticsError if it is not a YAML map. All other mistakes are found
/// by parse_recipe, which needs a catalogue.
void check_recipe_file(const std::string& file);

/// Parses a recipe, applies the settings and validates the result. Throws DiagnosticsError with all mistakes.
Recipe parse_recipe(const std::string& text, const std::string& file, const std::vector<std::string>& settings,
                    const Catalogue& catalogue);

/// Returns the recipe with all defaults filled in; parsing it again gives the same recipe.
Json resolve(const Recipe& recipe);
/// Omits disabled options, such as replicas and early stopping, so that adding options to the program does not change
/// stages that do not use them.
Json resolve(const StageRecipe& stage);
/// Returns stage → metric → number, with numbers per class in nested maps: {"class_errors": {"3": 14}}.
Json resolve_paper(const Recipe& recipe);
Json resolve(const DataRecipe& data);

/// Converts JSON to readable YAML: maps and lists in block style, short ones in one line.
std::string to_yaml(const Json& json);

}  // namespace limbeck
