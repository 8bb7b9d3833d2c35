#include "recipe/recipe.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

namespace limbeck {

const std::vector<std::string>& evaluation_metrics() {
  static const std::vector<std::string> kNames = {"errors", "accuracy", "nll", "ece", "agreement", "teacher_kl",
                                                 "teacher_errors", "teacher_accuracy", "member_errors",
                                                 "word_error_rate", "string_word_error_rate", "relative_gain"};
  return kNames;
}

void ExamplesRecipe::bind(Fields& fields) {
  fields.integers("classes", classes, at_least(0), "keep these classes only; empty keeps all");
  fields.integers("without", without, at_least(0), "leave these classes out");
  fields.number("fraction", fraction, {.low = 0, .high = 1, .low_open = true}, "keep this part, the same of each class");
  fields.number("unlabelled", unlabelled, between(0, 1), "this part of the kept examples loses its labels");
  fields.number("noise", noise, between(0, 1), "probability that a label is replaced by another of the classes that are kept");
  fields.flag("extra", extra, "see the data's extra unlabelled examples");
}

void ReplicasRecipe::bind(Fields& fields) {
  fields.integer("count", count, between(1, 1000), "networks that differ in initialisation and order only");
  fields.flag("together", together, "trained side by side on the same batches, for the loss `community`");
  bind_mean(fields, mean);
}

void StopRecipe::bind(Fields& fields) {
  fields.integer("epoch", epoch, at_least(0), "stop after so many epochs; 0: not");
  fields.number("accuracy", accuracy, between(0, 1), "stop when it is reached, on validation where there is one; 0: not");
  fields.integer("patience", patience, at_least(0), "stop after so many epochs without a better validation, keep the best; 0: not");
  fields.choice<By>("by", by, {{"accuracy", By::accuracy}, {"loss", By::loss}}, "what patience looks at");
}

void SpecialistsRecipe::bind(Fields& fields) {
  fields.reference("of", of, "the generalist: an earlier stage, or a network with weights");
  fields.integer("groups", groups, between(1, 100000), "of classes, with a specialist for each; found by online K-means");
  fields.integer("size", size, at_least(0), "classes of each group, which may overlap; 0: each class is in one group");
  fields.choice<Targets>("targets", targets, {{"dustbin", Targets::dustbin}, {"full", Targets::full}},
                         "what is learned of examples of other classes: a dustbin, or all classes as the stage's teacher gives them");
  fields.integer("top", top, at_least(1), "of the generalist's most probable classes, for which specialists are asked");
  fields.choice<Divergence>("divergence", divergence, {{"forward", Divergence::forward}, {"reverse", Divergence::reverse}},
                            "what is minimised to bring all together: KL(model, q), or KL(q, model)");
  fields.require(size != 1 && (groups > 1 || size > 0), "a specialist needs at least two classes, and others; give 'size' 0 or at least 2, and one group a size");
}

void QuantizeRecipe::bind(Fields& fields) {
  fields.reference("of", of, "an earlier stage, or a network with weights");
  fields.integer("examples", examples, between(1, 1e6), "training examples from which the ranges of activations are found");
}

void CalibrationRecipe::bind(Fields& fields) {
  fields.integers("classes", classes, at_least(0), "whose biases get the same number added");
  fields.choice<Split>("tuned_on", tuned_on, {{"validation", Split::validation}, {"test", Split::test}},
                       "the examples on which the number makes fewest errors; test is what Hinton et al. did, and no fair measure");
  fields.require(!classes.empty(), "the key 'classes' is missing or empty");
  fields.require(std::set<int64_t>(classes.begin(), classes.end()).size() == classes.size(), "a class stands twice in 'classes'");
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

void StageRecipe::bind(Fields& fields) {
  fields.integer("epochs", epochs, between(quantize.of.empty() ? 1 : 0, 1e6), "passes over the training examples");
  fields.integer("batch_size", batch_size, between(1, 1e6), "examples per step; the last step of an epoch may be smaller");
  fields.integer("evaluate_every", evaluate_every, between(1, 1e6), "epochs between evaluations on the validation split");
  fields.number("checkpoint_seconds", checkpoint_seconds, at_least(0), "time between checkpoints, the first of which comes after the first epoch at the latest");
  fields.choice<PrecisionChoice>("precision", precision,
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
