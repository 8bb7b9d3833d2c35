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
#include "recipe/divergence.h"
#include "recipe/ensemble_mean.h"
#include "recipe/input_recipe.h"

namespace limbeck {

/// The numbers that an evaluation gives, by the names that `paper`, `plots` and results.json use.
const std::vector<std::string>& evaluation_metrics();

/// Which training examples a stage sees, and which of them keep their labels.
struct ExamplesRecipe {
  std::vector<int64_t> classes;  ///< keep these classes only; empty: all
  std::vector<int64_t> without;  ///< leave these classes out
  double fraction = 1;           ///< keep this part, drawn per class
  double unlabelled = 0;         ///< this part of the kept examples loses its labels
  double noise = 0;   ///< probability that a label is replaced by another of the classes that are kept, drawn once
  bool extra = true;  ///< see the data's extra unlabelled examples

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
  NormalizeRecipe normalize;  ///< of the input of networks that say nothing of their own

  void bind(Fields& fields);
};

struct NetworkRecipe {
  std::string name;
  Choice architecture;
  std::string weights;  ///< safetensors file, from which a stage that trains it goes on; empty: random, or those that
                        ///< the architecture brings
  InputRecipe input;

  /// The keys that stand beside the architecture's.
  void bind(Fields& fields);
  /// Whether it can be used without a stage that trains it.
  bool has_weights() const;
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

  /// The keys that stand among the options of any loss.
  void bind(Fields& fields);
};

/// In what the factors of a training pass's large matrix products are given. automatic: bfloat16 where the processor is
/// faster with it. Evaluation is always in float32.
enum class PrecisionChoice { automatic, float32, bfloat16 };

/// Several networks from one stage, which differ in initialisation and order only; what the stage leaves is their
/// ensemble. Member k of stage NAME is called NAME.k, from 1.
struct ReplicasRecipe {
  int64_t count = 1;
  bool together =
      false;  ///< trained side by side on the same batches, so that each can learn from all (loss `community`)
  EnsembleMean mean = EnsembleMean::geometric;

  void bind(Fields& fields);
};

/// When a stage ends before its last epoch; the schedule goes on as if it did not.
struct StopRecipe {
  enum class By { accuracy, loss };
  int64_t epoch = 0;    ///< after so many epochs; 0: not
  double accuracy = 0;  ///< when it is reached, on validation where there is one, else on the epoch's training; 0: not
  int64_t patience =
      0;  ///< early stopping: after so many epochs without a better validation; the best epoch is kept; 0: not
  By by = By::accuracy;  ///< what early stopping looks at

  bool any() const { return epoch > 0 || accuracy > 0 || patience > 0; }
  void bind(Fields& fields);
};

/// A stage that trains nothing, but adds one number to the output biases of some classes of an earlier stage's network.
struct CalibrationRecipe {
  enum class Split { validation, test };
  std::string of;                ///< key `calibrate`; empty: the stage trains
  std::vector<int64_t> classes;  ///< whose biases get the number
  Split tuned_on = Split::validation;

  void bind(Fields& fields);
};

/// Networks that begin with a generalist's weights, each of which learns to tell the classes of a group apart that the
/// generalist confuses. Member k of stage NAME is called NAME.k, from 1; what the stage leaves is the generalist with
/// all of them.
struct SpecialistsRecipe {
  /// What a specialist is taught of examples that are not of its classes: that they belong in its dustbin, or what the
  /// stage's teacher says of them, by a loss that applies to unlabelled examples.
  enum class Targets { dustbin, full };
  std::string of;  ///< the generalist; empty: no specialists
  int64_t groups = 10;
  int64_t size = 0;  ///< classes of each group; 0: each class is in one group
  Targets targets = Targets::dustbin;
  int64_t top = 1;  ///< of the generalist's classes, for which specialists are asked
  Divergence divergence = Divergence::forward;

  void bind(Fields& fields);
};

/// A network that begins with an earlier one's weights, batch norm multiplied in, and rounds its weights and
/// activations to bytes: after training alone (no epochs), or trained further under that rounding.
struct QuantizeRecipe {
  std::string of;           ///< empty: the stage does not round
  int64_t examples = 1024;  ///< of the training examples, drawn once, from which the ranges of activations are found

  void bind(Fields& fields);
};

/// The stream of all stages before version 0.2: the numbers depend on the run's seed alone.
constexpr const char* kSharedStream = "none";

struct StageRecipe {
  std::string name;
  std::string network;          ///< key `train`; of a calibration, the network that it changes
  std::string initial_weights;  ///< an earlier stage or a network with weights, whose weights this one goes on from;
                                ///< empty: what `train` names has
  SourceLocation where;
  std::string stream;   ///< whose random numbers the stage draws: initial weights, order, views, dropout; the stage's
                        ///< name where nothing is said; see kSharedStream
  int64_t epochs = 20;  ///< 0: nothing is trained, which a stage that rounds a network may do
  int64_t batch_size = 128;
  int64_t evaluate_every = 1;      ///< epochs between validations
  double checkpoint_seconds = 30;  ///< time between checkpoints after the first epoch's; 0: after every step
  PrecisionChoice precision = PrecisionChoice::automatic;
  std::vector<Choice> augment;        ///< as the data's, where the stage says nothing
  ExamplesRecipe examples;            ///< likewise
  Choice teacher;                     ///< empty: none; of a calibration, that of the stage it calibrates
  std::vector<std::string> teachers;  ///< stages and networks that the teacher refers to
  std::vector<std::string>
      inputs;  ///< all that this stage refers to: the teachers, what it calibrates, what it goes on from
  ReplicasRecipe replicas;
  int64_t replica = 0;  ///< which of a stage's replicas this is, from 1; 0: the stage itself
  StopRecipe stop;
  int64_t align = 0;  ///< of speech: rounds of training, after each of which the frames get the labels that the network
                      ///< gives them; 0: none
  SpecialistsRecipe specialists;
  int64_t specialist = 0;  ///< which of a stage's specialists this is, from 1; 0: the stage itself
  CalibrationRecipe calibration;
  QuantizeRecipe quantize;
  std::vector<LossTermRecipe> loss;
  Choice optimizer;
  Choice schedule;

  void bind(Fields& fields);
  /// The parts alone, which can be read before what the fields' defaults depend on.
  void bind_parts(Fields& fields);
};

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

/// What a paper may have published of a stage.
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
};

/// All keys of a map of the recipe, whatever components stand in it.
struct RecipeSection {
  std::string name;   ///< "stages"
  std::string where;  ///< "stages[]"
  std::string summary;
  std::vector<FieldDescription> keys;
};
const std::vector<RecipeSection>& recipe_sections();

/// Throws Error where the file cannot be read and DiagnosticsError where it holds no recipe at all: no YAML, or no map.
/// What else may be wrong with it takes a catalogue: parse_recipe.
void check_recipe_file(const std::string& file);

/// Reads a recipe, applies the settings, checks everything. Throws DiagnosticsError with all mistakes.
Recipe parse_recipe(const std::string& text, const std::string& file, const std::vector<std::string>& settings,
                    const Catalogue& catalogue);

/// The recipe with every default spelled out; reading it again gives the same recipe.
Json resolved(const Recipe& recipe);
/// Options that are off, such as replicas and early stopping, are left out: a stage that does not use them stays the
/// same when a new one is added to the program.
Json resolved(const StageRecipe& stage);
/// stage → metric → number, with the numbers of classes in maps of their own: {"class_errors": {"3": 14}}.
Json resolved_paper(const Recipe& recipe);
Json resolved(const DataRecipe& data);

/// JSON as YAML that people read: maps and lists in blocks, short ones in one line.
std::string to_yaml(const Json& json);

}  // namespace limbeck
