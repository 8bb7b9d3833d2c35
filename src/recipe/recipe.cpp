#include "recipe/recipe.h"

#include <algorithm>
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
  fields.part("name", "text", "", "of the run; it goes to runs/NAME where --out says nothing");
  fields.integer("seed", seed, between(0, 9e15), "of all randomness");
  fields.part("data", "map", "", "what is learned from");
  fields.part("networks", "map", "", "networks by names of your own: `small: { mlp: [32] }`");
  fields.part("stages", "list", "", "what is done, in this order");
  fields.part("paper", "map", "none", "a paper's numbers by stage, which are set beside ours");
  fields.part("plots", "list", "none", "charts of the report");
}

void DataRecipe::bind(Fields& fields) {
  fields.part("source", "data", "", "the data set; see `limbeck list data`");
  fields.integer("validation", validation, at_least(0), "training examples held out");
  fields.part("extra", "data", "none", "a further data set, whose training examples are added without their labels");
  fields.part("augment", "map of augmentations", "none",
              "how examples are changed at each step, one after the other; see `limbeck list augmentations`");
  fields.part("examples", "map", "all",
              "which training examples are seen, by all stages that say nothing of their own");
  fields.part("normalize", "choice or map", "standard",
              "of the input of networks that say nothing of their own: standard (as is usual for the data), none, or "
              "{ mean, std }");
}

void NetworkRecipe::bind(Fields& fields) {
  fields.part("weights", "file", "none",
              "safetensors file of weights, with which the network can teach at once, and from which a stage that "
              "trains it goes on");
  fields.part("input", "map", "as the data", "what the network does to pixels first");
}

void LossTermRecipe::bind(Fields& fields) {
  fields.part("weight", "number or map", "1",
              "by which this term counts in the objective; a map lets it change over the first epochs");
}

void PaperRecipe::bind(Fields& fields) {
  for (const std::string& metric : evaluation_metrics())
    fields.part(metric.c_str(), "number", "none", "what the paper gives for it");
  fields.part("class_errors", "map", "none", "errors by class: { 3: 14 }");
}

void PlotRecipe::bind(Fields& fields) {
  std::vector<std::string> abscissae = {"value", "epoch", "stage"};
  abscissae.insert(abscissae.end(), evaluation_metrics().begin(), evaluation_metrics().end());
  fields.text("title", title, "of the chart");
  fields.text("x_label", x_label, "of the horizontal axis");
  fields.choice_of(
      "x", x, abscissae,
      "what the horizontal axis shows: numbers of the recipe, epochs, stages, or another metric of each stage");
  fields.choice_of("metric", metric, evaluation_metrics(), "what the vertical axis shows");
  if (x == "epoch") split = "validation";
  fields.choice_of("split", split, {"test", "validation", "train"},
                   "on which it is measured; over epochs: train or validation (the default there)");
  fields.flag("log_x", log_x, "logarithmic horizontal axis");
  fields.flag("log_y", log_y, "logarithmic vertical axis");
  fields.part("lines", "map", "",
              "each line's name and its stages: { 1: stage_at_1, 2: stage_at_2 } with x: value, else [first, second]; "
              "a number is a paper's");
}

void ExamplesRecipe::bind(Fields& fields) {
  fields.integers("classes", classes, at_least(0), "keep these classes only; empty keeps all");
  fields.integers("without", without, at_least(0), "leave these classes out");
  fields.number("fraction", fraction, {.low = 0, .high = 1, .low_open = true},
                "keep this part, the same of each class");
  fields.number("unlabelled", unlabelled, between(0, 1), "this part of the kept examples loses its labels");
  fields.number("noise", noise, between(0, 1),
                "probability that a label is replaced by another of the classes that are kept");
  fields.flag("extra", extra, "see the data's extra unlabelled examples");
}

void ReplicasRecipe::bind(Fields& fields) {
  fields.integer("count", count, between(1, 1000), "networks that differ in initialisation and order only");
  fields.flag("together", together, "trained side by side on the same batches, for the loss `community`");
  bind_mean(fields, mean);
}

void StopRecipe::bind(Fields& fields) {
  fields.integer("epoch", epoch, at_least(0), "stop after so many epochs; 0: not");
  fields.number("accuracy", accuracy, between(0, 1),
                "stop when it is reached, on validation where there is one; 0: not");
  fields.integer("patience", patience, at_least(0),
                 "stop after so many epochs without a better validation, keep the best; 0: not");
  fields.choice<By>("by", by, {{"accuracy", By::accuracy}, {"loss", By::loss}}, "what patience looks at");
}

void SpecialistsRecipe::bind(Fields& fields) {
  fields.reference("of", of, "the generalist: an earlier stage, or a network with weights");
  fields.integer("groups", groups, between(1, 100000),
                 "of classes, with a specialist for each; found by online K-means");
  fields.integer("size", size, at_least(0), "classes of each group, which may overlap; 0: each class is in one group");
  fields.choice<Targets>(
      "targets", targets, {{"dustbin", Targets::dustbin}, {"full", Targets::full}},
      "what is learned of examples of other classes: a dustbin, or all classes as the stage's teacher gives them");
  fields.integer("top", top, at_least(1), "of the generalist's most probable classes, for which specialists are asked");
  fields.choice<Divergence>("divergence", divergence,
                            {{"forward", Divergence::forward}, {"reverse", Divergence::reverse}},
                            "what is minimised to bring all together: KL(model, q), or KL(q, model)");
  fields.require(
      size != 1 && (groups > 1 || size > 0),
      "a specialist needs at least two classes, and others; give 'size' 0 or at least 2, and one group a size");
}

void QuantizeRecipe::bind(Fields& fields) {
  fields.reference("of", of, "an earlier stage, or a network with weights");
  fields.integer("examples", examples, between(1, 1e6),
                 "training examples from which the ranges of activations are found");
}

void CalibrationRecipe::bind(Fields& fields) {
  fields.integers("classes", classes, at_least(0), "whose biases get the same number added");
  fields.choice<Split>(
      "tuned_on", tuned_on, {{"validation", Split::validation}, {"test", Split::test}},
      "the examples on which the number makes fewest errors; test is what Hinton et al. did, and no fair measure");
  fields.require(!classes.empty(), "the key 'classes' is missing or empty");
  fields.require(std::set<int64_t>(classes.begin(), classes.end()).size() == classes.size(),
                 "a class stands twice in 'classes'");
}

void WeightRecipe::bind(Fields& fields) {
  fields.number("from", from, any_number(), "weight at the start of the stage");
  fields.number("to", to, any_number(), "weight after `epochs` epochs");
  fields.number("epochs", epochs, at_least(0), "over which the weight changes");
  fields.choice<Shape>("shape", shape, {{"linear", Shape::linear}, {"cosine", Shape::cosine}}, "how it changes");
}

double WeightRecipe::at(double epoch) const {
  if (epoch >= epochs) return to;
  const double done = epoch / epochs;
  const double share = shape == Shape::linear ? done : (1 - std::cos(std::numbers::pi * done)) / 2;
  return from + (to - from) * share;
}

void StageRecipe::bind_parts(Fields& fields) {
  fields.part("name", "text", "", "by which later stages refer to it, and the name of its folder");
  fields.part("train", "network", "", "the network that is trained, by its name in `networks`");
  fields.part("teacher", "stage, network or teacher", "none",
              "whose outputs are learned from: an earlier stage, a network with weights, or a map; see "
              "`limbeck list teachers`");
  fields.part("loss", "list of losses", "hard_labels; with a teacher soft_targets at 0.9 and hard_labels at 0.1",
              "the terms of the objective, which are added "
              "by their weights; see `limbeck list losses`");
  fields.part("optimizer", "optimizer", "sgd", "see `limbeck list optimizers`");
  fields.part("schedule", "schedule", "cosine", "of the learning rate; see `limbeck list schedules`");
  fields.part("augment", "map of augmentations", "as data.augment", "how examples are changed at each step; none: not");
  fields.part("examples", "map", "as data.examples", "which training examples the stage sees");
  fields.part("initial_weights", "stage or network", "none", "whose weights training goes on from");
  fields.part("stop", "map", "at the last epoch", "when the stage ends before");
  fields.part("replicas", "integer or map", "1",
              "so many networks that differ in initialisation and order only; the stage is their ensemble");
  fields.part("specialists", "map", "none",
              "networks for classes that a generalist confuses, trained from its weights");
  fields.part("quantize", "stage, network or map", "none",
              "whose weights are rounded to bytes; `epochs` is 0 then, unless it trains on under the rounding");
  fields.part(
      "align", "integer", "0",
      "rounds of training of recordings, after each of which the frames get the labels that the network gives them");
  fields.part("calibrate", "stage", "none",
              "trains nothing: adds a number to output biases of an earlier stage's network; has keys of its own");
}

void StageRecipe::bind(Fields& fields) {
  bind_parts(fields);
  fields.text("stream", stream,
              "whose random numbers it draws (initial weights, order, views, dropout); empty: those of its name; stages "
              "with the same stream draw the same; none: those of the seed alone");
  fields.integer("epochs", epochs, between(quantize.of.empty() ? 1 : 0, 1e6), "passes over the training examples");
  fields.integer("batch_size", batch_size, between(1, 1e6),
                 "examples per step; the last step of an epoch may be smaller");
  fields.integer("evaluate_every", evaluate_every, between(1, 1e6),
                 "epochs between evaluations on the validation split");
  fields.number("checkpoint_seconds", checkpoint_seconds, at_least(0),
                "time between checkpoints, the first of which comes after the first epoch at the latest");
  fields.choice<PrecisionChoice>(
      "precision", precision,
      {{"auto", PrecisionChoice::automatic},
       {"float32", PrecisionChoice::float32},
       {"bfloat16", PrecisionChoice::bfloat16}},
      "of the factors of large products in training; auto: bfloat16 where the processor is faster "
      "with it");
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

}  // namespace limbeck
