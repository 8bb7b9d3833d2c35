#include "experiment/stage_features.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <functional>

#include "core/nearest.h"
#include "loss/feature_pairs.h"
#include "loss/objective.h"
#include "teacher/computed_outputs.h"

namespace limbeck {
namespace {

[[noreturn]] void refuse_reading(const std::string& loss, const std::string& why) {
  throw Error(ErrorKind::usage, fmt::format("the loss '{}' reads features: {}", loss, why));
}

/// "'layer1', 'layer2', … (83 in all)"
std::string list_of_features(const std::vector<std::string>& features) {
  constexpr size_t kMost = 12;
  std::string text;
  for (size_t i = 0; i < std::min(kMost, features.size()); ++i)
    text += fmt::format("{}'{}'", i == 0 ? "" : ", ", features[i]);
  return features.size() <= kMost ? text : text + fmt::format(", … ({} in all)", features.size());
}

void require_tap(const std::string& loss, const std::string& network, const std::string& tap,
                 const std::vector<std::string>& features) {
  if (std::find(features.begin(), features.end(), tap) != features.end()) return;
  const std::string nearest = suggestion(tap, features);
  throw Error(ErrorKind::usage,
              fmt::format("the network '{}' has no feature '{}', which the loss '{}' reads{} It has {}", network, tap,
                          loss, nearest.starts_with("; did you mean") ? nearest : ".", list_of_features(features)));
}

/// A network of the recipe, as it starts, that gives features on one example of a stage.
class TappedNetwork {
 public:
  TappedNetwork(const RunContext& run, const ExampleSet& examples, const std::string& loss, const NetworkRecipe& recipe)
      : examples_(examples),
        loss_(loss),
        name_(recipe.name),
        network_(recipe.has_weights() ? run.networks.network(recipe.name) : run.networks.make(recipe, run.seed)) {
    if (network_->features().empty()) refuse_reading(loss, fmt::format("the network '{}' gives none", name_));
    network_->to(run.device);
  }

  /// Throws Error for a feature that the network does not have.
  Outputs outputs(const std::vector<std::string>& taps) const {
    for (const std::string& tap : taps) require_tap(loss_, name_, tap, network_->features());
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
  const std::string& loss_;
  std::string name_;
  std::shared_ptr<Network> network_;
};

/// The network of the one teacher whose features a loss reads.
const NetworkRecipe& teaching_network(const RunContext& run, const StageRecipe& stage, const std::string& loss) {
  if (stage.teachers.empty()) refuse_reading(loss, fmt::format("the teacher '{}' gives none", stage.teacher.name()));
  const auto* options = dynamic_cast<const ComputedOptions*>(stage.teacher.options.get());
  if (options != nullptr && (options->outputs == Computed::kept || !options->store.empty() || options->views > 0))
    refuse_reading(loss, "those of a teacher cannot be kept; use `outputs: live`");
  const std::string& name = stage.teachers.front();
  const StageRecipe* source = run.recipe.stage_of(name);
  const StageForm form = source == nullptr || source->name != name ? StageForm{} : source->form();
  const bool is_ensemble = form.members > (form.source.empty() ? 1 : 0);  // a specialist answers with a generalist
  if (stage.teachers.size() > 1 || is_ensemble)
    refuse_reading(loss, "an ensemble has none of its own; name one network as teacher");
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
    const std::string& name = term.loss.name();
    if (stage.form().together) refuse_reading(name, "networks that are trained together give none");
    if (student.empty()) {
      teacher = TappedNetwork(run, examples, name, teaching_network(run, stage, name)).features();
      student = TappedNetwork(run, examples, name, run.network_of(stage)).features();
    }
    term.loss.options = term.loss.options->copy();
    auto& pairs = dynamic_cast<FeaturePairs&>(*term.loss.options);
    pairs.choose(student, teacher);
    tell(name, pairs.text(student, teacher));
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
    const std::string& name = term.loss.name();
    if (needs.student_taps.empty() && needs.teacher_taps.empty()) continue;
    if (stage.form().together) refuse_reading(name, "networks that are trained together give none");
    Outputs student;
    TeacherOutputs teacher;
    if (!needs.student_taps.empty())
      student = TappedNetwork(run, examples, name, run.network_of(stage)).outputs(needs.student_taps);
    if (!needs.teacher_taps.empty()) {
      Outputs taught =
          TappedNetwork(run, examples, name, teaching_network(run, stage, name)).outputs(needs.teacher_taps);
      teacher = {.logits = std::move(taught.logits), .features = std::move(taught.features), .members = {}};
    }
    LossParameters unused(run.seed, /*loss=*/0, at::kCPU);
    LossShapes shapes = shapes_of(student, teacher);
    shapes.examples = 1;
    if (needs.shapes) loss->prepare(shapes, unused);
  }
}

}  // namespace limbeck
