#include "experiment/stage_features.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <functional>

#include "core/nearest.h"
#include "loss/feature_pairs.h"
#include "loss/objective.h"

namespace limbeck {
namespace {

/// `reader`: "the loss 'fitnet' reads".
[[noreturn]] void refuse_reading(const std::string& reader, const std::string& why) {
  throw Error(ErrorKind::usage, fmt::format("{} features: {}", reader, why));
}

std::string reader_of(const LossTermRecipe& term) {
  return fmt::format("the loss '{}' reads", term.loss.name());
}

/// "'layer1', 'layer2', … (83 in all)"
std::string list_of_features(const std::vector<std::string>& features) {
  constexpr size_t kMost = 12;
  std::string text;
  for (size_t i = 0; i < std::min(kMost, features.size()); ++i)
    text += fmt::format("{}'{}'", i == 0 ? "" : ", ", features[i]);
  return features.size() <= kMost ? text : text + fmt::format(", … ({} in all)", features.size());
}

void require_tap(const std::string& reader, const std::string& network, const std::string& tap,
                 const std::vector<std::string>& features) {
  if (std::find(features.begin(), features.end(), tap) != features.end()) return;
  const std::string nearest = suggestion(tap, features);
  throw Error(ErrorKind::usage,
              fmt::format("the network '{}' has no feature '{}', which {}{} It has {}", network, tap, reader,
                          nearest.starts_with("; did you mean") ? nearest : ".", list_of_features(features)));
}

/// A network of the recipe, as it starts, that gives features on one example of a stage.
class TappedNetwork {
 public:
  TappedNetwork(const RunContext& run, const ExampleSet& examples, const std::string& reader,
                const NetworkRecipe& recipe)
      : examples_(examples),
        reader_(reader),
        name_(recipe.name),
        network_(recipe.has_weights() ? run.networks.network(recipe.name) : run.networks.make(recipe, run.seed)) {
    if (network_->features().empty()) refuse_reading(reader, fmt::format("the network '{}' gives none", name_));
    network_->to(run.device);
  }

  /// Throws Error for a feature that the network does not have.
  Outputs outputs(const std::vector<std::string>& taps) const {
    for (const std::string& tap : taps) require_tap(reader_, name_, tap, network_->features());
    const at::NoGradGuard no_gradient;
    return network_->forward(examples_.batch(at::zeros({1}, examples_.ids().options())).inputs, {.taps = taps});
  }

  /// All features, in the order of the network.
  FeatureShapes features() const {
    const std::vector<std::string> names = network_->features();
    const Outputs all = outputs(names);
    FeatureShapes features;
    for (const std::string& name : names) features.emplace_back(name, all.features.at(name).sizes().slice(1).vec());
    return features;
  }

 private:
  const ExampleSet& examples_;
  std::string reader_;
  std::string name_;
  std::shared_ptr<Network> network_;
};

/// The network of the one teacher whose features are read.
const NetworkRecipe& teaching_network(const RunContext& run, const StageRecipe& stage, const std::string& reader) {
  if (stage.teachers.empty()) refuse_reading(reader, fmt::format("the teacher '{}' gives none", stage.teacher.name()));
  const std::string& name = stage.teachers.front();
  const StageRecipe* source = run.recipe.stage_of(name);
  const StageForm form = source == nullptr || source->name != name ? StageForm{} : source->form();
  const bool is_ensemble = form.members > (form.source.empty() ? 1 : 0);  // a specialist answers with a generalist
  if (stage.teachers.size() > 1 || is_ensemble)
    refuse_reading(reader, "an ensemble has none of its own; name one network as teacher");
  return source == nullptr ? *run.recipe.network(name) : run.network_of(*source);
}

const FeaturePairs* open_pairs(const LossTermRecipe& term) {
  const auto* pairs = dynamic_cast<const FeaturePairs*>(term.loss.options.get());
  return pairs != nullptr && pairs->are_open() ? pairs : nullptr;
}

/// Hears of a loss for which features were chosen: "layer3 (64x8x8) -> layer3 (64x8x8)".
using TellFeatures = std::function<void(const std::string& loss, const std::string& pairs)>;

std::vector<LossTermRecipe> chosen_losses(const RunContext& run, const StageRecipe& stage, const ExampleSet& examples,
                                          const TellFeatures& tell) {
  std::vector<LossTermRecipe> terms = stage.loss;
  FeatureShapes student, teacher;
  for (LossTermRecipe& term : terms) {
    if (open_pairs(term) == nullptr) continue;
    const std::string reader = reader_of(term);
    if (stage.form().together) refuse_reading(reader, "networks that are trained together give none");
    if (student.empty()) {
      teacher = TappedNetwork(run, examples, reader, teaching_network(run, stage, reader)).features();
      student = TappedNetwork(run, examples, reader, run.network_of(stage)).features();
    }
    term.loss.options = term.loss.options->copy();
    auto& pairs = dynamic_cast<FeaturePairs&>(*term.loss.options);
    pairs.choose(student, teacher);
    tell(term.loss.name(), pairs.text(student, teacher));
  }
  return terms;
}

}  // namespace

std::vector<LossTermRecipe> losses_with_features(const RunContext& run, const StageRecipe& stage,
                                                 const ExampleSet& examples) {
  return chosen_losses(run, stage, examples, [&](const std::string& loss, const std::string& pairs) {
    run.events.emit(
        Notice{fmt::format("{}: '{}' compares features of teacher -> student: {}", stage.name, loss, pairs)});
  });
}

void check_features(const RunContext& run, const StageRecipe& stage, const ExampleSet& examples) {
  Objective all(stage.loss);  // throws Error if its terms do not fit together
  const auto silently = [](const std::string&, const std::string&) {};
  for (const LossTermRecipe& term : chosen_losses(run, stage, examples, silently)) {
    const std::unique_ptr<Loss> loss = term.loss.make<Loss>();
    const LossNeeds needs = loss->needs();
    const std::string reader = reader_of(term);
    if (needs.student_taps.empty() && needs.teacher_taps.empty()) continue;
    if (stage.form().together) refuse_reading(reader, "networks that are trained together give none");
    Outputs student;
    TeacherOutputs teacher;
    if (!needs.student_taps.empty())
      student = TappedNetwork(run, examples, reader, run.network_of(stage)).outputs(needs.student_taps);
    if (!needs.teacher_taps.empty()) {
      Outputs taught =
          TappedNetwork(run, examples, reader, teaching_network(run, stage, reader)).outputs(needs.teacher_taps);
      teacher = {.logits = std::move(taught.logits), .features = std::move(taught.features), .members = {}};
    }
    LossParameters unused(run.seed, /*loss=*/0, at::kCPU);
    LossShapes shapes = shapes_of(student, teacher);
    shapes.examples = 1;
    if (needs.shapes) loss->prepare(shapes, unused);
  }
}

std::map<std::string, Shape> teacher_features(const RunContext& run, const StageRecipe& stage,
                                              const ExampleSet& examples, const std::vector<std::string>& others) {
  std::map<std::string, Shape> features;
  const auto add = [&](const std::string& reader, const std::vector<std::string>& taps) {
    if (taps.empty()) return;
    const Outputs given = TappedNetwork(run, examples, reader, teaching_network(run, stage, reader)).outputs(taps);
    for (const auto& [name, feature] : given.features) features[name] = feature.sizes().slice(1).vec();
  };
  const auto silently = [](const std::string&, const std::string&) {};
  for (const LossTermRecipe& term : chosen_losses(run, stage, examples, silently))
    add(reader_of(term), term.loss.make<Loss>()->needs().teacher_taps);
  add("--feature names", others);
  return features;
}

}  // namespace limbeck
