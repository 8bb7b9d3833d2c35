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
#include "recipe/input_recipe.h"
#include "recipe/stage_options.h"

namespace limbeck {

/// The metrics of an evaluation, by the names that `paper`, `plots` and results.json use.
const std::vector<std::string>& evaluation_metrics();

/// The transfer set: which training examples a stage uses, and which of them keep their labels.
struct ExamplesRecipe {
  std::vector<int64_t> classes;  ///< keep these classes only; empty: all
  std::vector<int64_t> without;  ///< leave these classes out
  double fraction = 1;           ///< keep this part of each class
  double unlabelled = 0;         ///< part of the kept examples whose labels are hidden
  double noise = 0;   ///< probability that a label is replaced by another of the classes that are kept, drawn once
  bool extra = true;  ///< also use the data's extra unlabelled examples

  void bind(Fields& fields);
};

/// `bind` names all keys of a part of the recipe: the plain ones as fields, and those that parse_recipe reads itself as
/// parts.
struct DataRecipe {
  Choice source;
  int64_t validation = 0;  ///< training examples held out, drawn once per seed
  SourceLocation validation_where = {};
  Choice extra;  ///< a further data set whose training examples are added without labels; empty: none
  std::vector<Choice> augment;
  ExamplesRecipe examples;
  NormalizeRecipe normalize;  ///< input normalization of networks that have no `input` of their own

  void bind(Fields& fields);
};

struct NetworkRecipe {
  std::string name;
  Choice architecture;
  std::string weights;  ///< safetensors file of trained weights; a stage that trains the network starts from them.
                        ///< Empty: random weights, or those that the architecture brings
  InputRecipe input;

  /// The keys that stand beside the architecture's.
  void bind(Fields& fields);
  /// Whether it can be used without a stage that trains it.
  bool has_weights() const;
};

/// The weight of a loss term: constant, or changing from one value to another over the first epochs of a stage.
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

  /// The keys that stand among the options of any loss.
  void bind(Fields& fields);
};

/// The precision of a training pass's large matrix products. automatic: bfloat16 if the processor is faster with it.
/// Evaluation is always in float32.
enum class PrecisionChoice { automatic, float32, bfloat16 };

/// Early stopping, and other ways to end a stage before its last epoch. The learning rate schedule runs as if it did
/// not end.
struct StopRecipe {
  enum class By { accuracy, loss };
  int64_t epoch = 0;    ///< stop after so many epochs; 0: off
  double accuracy = 0;  ///< stop at this accuracy on validation, or, without a validation split, on the epoch's
                        ///< training examples; 0: off
  int64_t patience =
      0;  ///< early stopping: stop after so many epochs without a better validation, and keep the best epoch; 0: off
  By by = By::accuracy;  ///< the validation metric of early stopping

  bool any() const { return epoch > 0 || accuracy > 0 || patience > 0; }
  void bind(Fields& fields);
};

/// The stream of all stages before version 0.2: the numbers depend on the run's seed alone.
constexpr const char* kSharedStream = "none";

struct StageRecipe {
  std::string name;
  std::string network;          ///< key `train`; of a stage that trains nothing, the network that it changes
  std::string initial_weights;  ///< an earlier stage or a network with weights, from whose weights this stage starts
                                ///< (fine-tuning); empty: from those of the network that `train` names
  SourceLocation where;
  std::string stream;   ///< of its random numbers: initial weights, order, views, dropout; by default the stage's name;
                        ///< see kSharedStream
  Choice kind;          ///< what else it does; empty: it trains a network and nothing else
  int64_t member = 0;   ///< which of a stage's members this one trains alone, from 1; 0: the stage itself
  int64_t epochs = 20;  ///< 0: nothing is trained; only some kinds allow it
  int64_t batch_size = 128;
  int64_t evaluate_every = 1;      ///< epochs between validations
  double checkpoint_seconds = 30;  ///< seconds between checkpoints after the first epoch's; 0: after every step
  PrecisionChoice precision = PrecisionChoice::automatic;
  std::vector<Choice> augment;        ///< the data's, if the stage has none of its own
  ExamplesRecipe examples;            ///< likewise
  Choice teacher;                     ///< empty: none
  std::vector<std::string> teachers;  ///< stages and networks that the teacher refers to
  std::vector<std::string> inputs;    ///< everything that this stage depends on: its teachers, and the networks whose
                                      ///< weights it begins with
  StopRecipe stop;
  std::vector<LossTermRecipe> loss;
  Choice optimizer;
  Choice schedule;

  void bind(Fields& fields);
  /// The parts alone, which are read first, since the fields' defaults depend on them.
  void bind_parts(Fields& fields);
  /// What its kind says of it.
  StageForm form() const;
};

/// NAME.k: a stage's k-th member, k from 1, or its k-th round of training before the last.
std::string part_name(const std::string& stage, int64_t k);
/// Whether one of the stage's parts has this name.
bool is_part(const StageRecipe& stage, const std::string& name);
/// The stage that trains a stage's k-th member alone.
StageRecipe member_of(const StageRecipe& stage, int64_t k);
/// The names of the folders that hold a stage's weights: its own, or one for each member.
std::vector<std::string> weight_folders(const StageRecipe& stage);

/// A chart of a recipe: how a metric of several stages depends on a number, on another metric, on the epoch, or on the
/// stage.
struct PlotRecipe {
  /// What the x axis shows: the numbers that stand in the recipe, the epochs of each stage, the stages themselves, or a
  /// metric such as teacher_accuracy.
  std::string x = "value";
  struct Point {
    double x = 0;       ///< x: value
    std::string stage;  ///< empty: `value` is drawn, a paper's number
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
  /// The stage of this name, or that whose part it is.
  const StageRecipe* stage_of(const std::string& name) const;
};

/// The keys of one map of the recipe, without those of components.
struct RecipeSection {
  std::string name;   ///< "stages"
  std::string where;  ///< "stages[]"
  std::string summary;
  std::vector<FieldDescription> keys;
};
std::vector<RecipeSection> recipe_sections(const Catalogue& catalogue);

/// Throws Error if the file cannot be read, and DiagnosticsError if it is no recipe at all: no YAML, or no map.
/// Everything else that may be wrong is found by parse_recipe, which needs a catalogue.
void check_recipe_file(const std::string& file);

/// Reads a recipe, applies the settings, checks everything. Throws DiagnosticsError with all mistakes.
Recipe parse_recipe(const std::string& text, const std::string& file, const std::vector<std::string>& settings,
                    const Catalogue& catalogue);

/// The recipe with every default spelled out; reading it again gives the same recipe.
Json resolve(const Recipe& recipe);
/// Options that are off, such as replicas and early stopping, are left out: a stage that does not use them stays the
/// same when a new one is added to the program.
Json resolve(const StageRecipe& stage);
/// stage → metric → number, with the numbers of classes in maps of their own: {"class_errors": {"3": 14}}.
Json resolve_paper(const Recipe& recipe);
Json resolve(const DataRecipe& data);

/// JSON as YAML that people read: maps and lists in blocks, short ones in one line.
std::string to_yaml(const Json& json);

}  // namespace limbeck
