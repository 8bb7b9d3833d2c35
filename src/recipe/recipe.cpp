#include "recipe/recipe.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <set>

namespace limbeck {

const std::vector<std::string>& evaluation_metrics() {
  static const std::vector<std::string> kNames = {"errors",
                                                  "accuracy",
                                                  "nll",
                                                  "ece",
                                                  "agreement",
                                                  "teacher_kl",
                                                  "teacher_errors",
                                                  "teacher_accuracy",
                                                  "member_errors",
                                                  "word_error_rate",
                                                  "string_word_error_rate",
                                                  "relative_gain"};
  return kNames;
}

void Recipe::bind(Fields& fields) {
  fields.part("name", "text", "", "name of the run, whose default folder is runs/NAME");
  fields.integer("seed", seed, between(0, 9e15),
                 "seed of all randomness: initial weights, order, augmentation, dropout");
  fields.part("data", "map", "", "the data set and what is done to it");
  fields.part("networks", "map", "", "architectures under names of your own: `small: { mlp: [32] }`");
  fields.part("stages", "list", "", "the stages, in the order in which they run");
  fields.part("paper", "map", "none", "published numbers by stage; the report sets them beside this run's");
  fields.part("plots", "list", "none", "charts of the report");
}

void DataRecipe::bind(Fields& fields) {
  fields.part("source", "data", "", "the data set; see `limbeck list data`");
  fields.integer("validation", validation, at_least(0),
                 "training examples held out as validation split, drawn once per seed");
  fields.part("extra", "data", "none", "a further data set, whose training examples are added without their labels");
  fields.part("augment", "map of augmentations", "none",
              "random changes of the training examples, applied one after the other; see `limbeck list augmentations`");
  fields.part("examples", "map", "all", "the training examples that stages use which have no `examples` of their own");
  fields.part("normalize", "choice or map", "standard",
              "input normalization of networks that have no `input` of their own: standard (as is usual for the data), "
              "none, or { mean, std }");
}

void NetworkRecipe::bind(Fields& fields) {
  fields.part("weights", "file", "none",
              "safetensors file of trained weights: the network can teach at once, and a stage that trains it starts "
              "from these weights (fine-tuning)");
  fields.part("input", "map", "as the data", "resizing and normalization of the network's input");
  fields.part("classes", "by_name or list of texts", "the data's, in their order",
              "names of the outputs of a network that teaches, in their order: they are put in the order of the data's "
              "classes, and others left out; by_name: the names in its file, if Limbeck wrote it");
}

void LossTermRecipe::bind(Fields& fields) {
  fields.part("weight", "number or map", "1",
              "weight of this term in the objective; a map lets it change over the first epochs");
  fields.choice<Standardize>(
      "standardize", standardize,
      {{"none", Standardize::none}, {"population", Standardize::population}, {"sample", Standardize::sample}},
      "logits of teacher and student are divided by their deviation over the classes, less their mean: of the "
      "population, as Sun et al. 2024 write, or of a sample, as their code does");
}

void PaperRecipe::bind(Fields& fields) {
  for (const std::string& metric : evaluation_metrics())
    fields.part(metric.c_str(), "number", "none", "the published value");
  fields.part("class_errors", "map", "none", "published errors by class: { 3: 14 }");
}

void PlotRecipe::bind(Fields& fields) {
  std::vector<std::string> abscissae = {"value", "epoch", "stage"};
  abscissae.insert(abscissae.end(), evaluation_metrics().begin(), evaluation_metrics().end());
  fields.text("title", title, "title of the chart");
  fields.text("x_label", x_label, "label of the horizontal axis");
  fields.choice_of(
      "x", x, abscissae,
      "what the horizontal axis shows: numbers of the recipe, epochs, stages, or another metric of each stage");
  fields.choice_of("metric", metric, evaluation_metrics(), "what the vertical axis shows");
  if (x == "epoch") split = "validation";
  fields.choice_of("split", split, {"test", "validation", "train"},
                   "split on which the metric is measured; with x: epoch, train or validation (the default there)");
  fields.flag("log_x", log_x, "logarithmic horizontal axis");
  fields.flag("log_y", log_y, "logarithmic vertical axis");
  fields.part("lines", "map", "",
              "each line's name and its stages: { 1: stage_at_1, 2: stage_at_2 } with x: value, else [first, second]; "
              "a number is a paper's");
}

void ExamplesRecipe::bind(Fields& fields) {
  fields.integers("classes", classes, at_least(0), "keep these classes only; empty keeps all");
  fields.integers("without", without, at_least(0), "leave these classes out");
  fields.number("fraction", fraction, {.low = 0, .high = 1, .low_open = true}, "keep this part of each class");
  fields.number("unlabelled", unlabelled, between(0, 1), "part of the kept examples whose labels are hidden");
  fields.number("noise", noise, between(0, 1),
                "probability that a label is replaced by another of the classes that are kept");
  fields.flag("extra", extra, "also use the unlabelled examples of `data.extra`");
}

void StopRecipe::bind(Fields& fields) {
  fields.integer("epoch", epoch, at_least(0), "stop after so many epochs; 0: off");
  fields.number(
      "accuracy", accuracy, between(0, 1),
      "stop at this accuracy on the validation split, or, without one, on the epoch's training examples; 0: off");
  fields.integer(
      "patience", patience, at_least(0),
      "early stopping: stop after so many epochs without a better validation, and keep the best weights; 0: off");
  fields.choice<By>("by", by, {{"accuracy", By::accuracy}, {"loss", By::loss}},
                    "the validation metric of early stopping");
  fields.require(any(), "nothing stops the stage; expected an epoch, an accuracy or a patience");
}

void WeightRecipe::bind(Fields& fields) {
  fields.number("from", from, any_number(), "weight at the start of the stage");
  fields.number("to", to, any_number(), "weight after `epochs` epochs");
  fields.number("epochs", epochs, at_least(0), "number of epochs over which the weight changes");
  fields.choice<Shape>("shape", shape, {{"linear", Shape::linear}, {"cosine", Shape::cosine}}, "shape of the change");
}

double WeightRecipe::at(double epoch) const {
  if (epoch >= epochs) return to;
  const double done = epoch / epochs;
  const double share = shape == Shape::linear ? done : (1 - std::cos(std::numbers::pi * done)) / 2;
  return from + (to - from) * share;
}

void StageRecipe::bind_parts(Fields& fields) {
  fields.part("name", "text", "", "name of the stage and of its folder; later stages refer to it");
  fields.part("train", "network", "", "the network to train, by its name in `networks`");
  fields.part("teacher", "stage, network or teacher", "none",
              "the teacher: an earlier stage, a network with weights, or a map; see `limbeck list teachers`");
  fields.part("loss", "list of losses", "hard_labels; with a teacher soft_targets at 0.9 and hard_labels at 0.1",
              "the objective, a weighted sum of losses; see `limbeck list losses`");
  fields.part("optimizer", "optimizer", "sgd", "the optimizer; see `limbeck list optimizers`");
  fields.part("schedule", "schedule", "cosine", "learning rate schedule; see `limbeck list schedules`");
  fields.part("augment", "map of augmentations", "as data.augment",
              "random changes of the training examples; none turns those of the data off");
  fields.part("examples", "map", "as data.examples", "the training examples that the stage uses: its transfer set");
  fields.part("initial_weights", "stage or network", "none",
              "stage or network whose weights training starts from (fine-tuning)");
  fields.part("classifier", "stage or network", "none",
              "stage or network whose last layer, the classifier, the network starts with; with a loss that reads no "
              "logits it remains as it is");
  fields.part("stop", "map", "at the last epoch",
              "early stopping and other reasons to end a stage before its last epoch");
}

void StageRecipe::bind(Fields& fields) {
  bind_parts(fields);
  fields.text("stream", stream, "the stage's name",
              "name of the stream of random numbers (initial weights, order, augmentation, dropout). Stages with the "
              "same stream draw the same numbers; none: a stream that depends on the seed alone");
  fields.integer("epochs", epochs, between(static_cast<double>(form().least_epochs), 1e6),
                 "passes over the training examples");
  fields.integer("batch_size", batch_size, between(1, 1e6),
                 "examples per step; the last step of an epoch may be smaller");
  fields.integer("evaluate_every", evaluate_every, between(1, 1e6),
                 "epochs between evaluations on the validation split");
  fields.number("checkpoint_seconds", checkpoint_seconds, at_least(0),
                "seconds between checkpoints; the first is written after the first epoch at the latest");
  fields.flag("sync_batch_norm", sync_batch_norm,
              "in several processes, batch norm takes the statistics of the whole batch, as one process does; else "
              "each takes those of its own part");
  fields.choice<PrecisionChoice>(
      "precision", precision,
      {{"auto", PrecisionChoice::automatic},
       {"float32", PrecisionChoice::float32},
       {"tf32", PrecisionChoice::tf32},
       {"bfloat16", PrecisionChoice::bfloat16}},
      "precision of products and convolutions in training; auto: bfloat16 if the device is faster with it; tf32: on a "
      "CUDA device only");
}

StageForm StageRecipe::form() const {
  const auto* options = dynamic_cast<const StageOptions*>(kind.options.get());
  return options == nullptr ? StageForm() : options->form();
}

std::string part_name(const std::string& stage, int64_t k) {
  return fmt::format("{}.{}", stage, k);
}

bool is_part(const StageRecipe& stage, const std::string& name) {
  const std::string start = stage.name + ".";
  if (!name.starts_with(start)) return false;
  int64_t k = 0;
  std::from_chars(name.data() + start.size(), name.data() + name.size(), k);
  const StageForm form = stage.form();
  return k >= 1 && k <= std::max(form.members, form.rounds - 1) && name == part_name(stage.name, k);
}

StageRecipe member_of(const StageRecipe& stage, int64_t k) {
  StageRecipe member = stage;
  member.name = part_name(stage.name, k);
  member.kind = {};
  member.member = k;
  return member;
}

std::vector<std::string> weight_folders(const StageRecipe& stage) {
  const int64_t members = stage.form().members;
  if (members == 0) return {stage.name};
  std::vector<std::string> names;
  for (int64_t k = 1; k <= members; ++k) names.push_back(part_name(stage.name, k));
  return names;
}

bool NetworkRecipe::has_weights() const {
  return !weights.empty() || (architecture && architecture.component->info().brings_weights);
}

const NetworkRecipe* Recipe::network(const std::string& wanted) const {
  const auto found = std::find_if(networks.begin(), networks.end(), [&](const auto& it) { return it.name == wanted; });
  return found == networks.end() ? nullptr : &*found;
}

const StageRecipe* Recipe::stage(const std::string& wanted) const {
  const auto found = std::find_if(stages.begin(), stages.end(), [&](const auto& it) { return it.name == wanted; });
  return found == stages.end() ? nullptr : &*found;
}

const StageRecipe* Recipe::stage_of(const std::string& name) const {
  if (const StageRecipe* whole = stage(name)) return whole;
  const auto owner = std::find_if(stages.begin(), stages.end(),
                                  [&](const StageRecipe& candidate) { return is_part(candidate, name); });
  return owner == stages.end() ? nullptr : &*owner;
}

}  // namespace limbeck
