#include "experiment/feature_checks.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "core/nearest.h"
#include "limbeck/loss.h"
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

/// The outputs of the network, as it starts, on one example of the stage; none without taps.
Outputs outputs_with(const RunContext& run, const ExampleSet& examples, const std::string& loss,
                     const NetworkRecipe& recipe, const std::vector<std::string>& taps) {
  if (taps.empty()) return {};
  const std::shared_ptr<Network> network =
      recipe.has_weights() ? run.networks.network(recipe.name) : run.networks.make(recipe, run.seed);
  const std::vector<std::string> features = network->features();
  if (features.empty()) refuse_reading(loss, fmt::format("the network '{}' gives none", recipe.name));
  for (const std::string& tap : taps) require_tap(loss, recipe.name, tap, features);
  network->to(run.device);
  const at::NoGradGuard no_gradient;
  return network->forward(examples.batch(at::zeros({1}, examples.ids().options())).inputs, {.taps = taps});
}

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

}  // namespace

void check_features(const RunContext& run, const StageRecipe& stage, const ExampleSet& examples) {
  for (const LossTermRecipe& term : stage.loss) {
    const std::unique_ptr<Loss> loss = term.loss.make<Loss>();
    const LossNeeds needs = loss->needs();
    const std::string& name = term.loss.name();
    if (needs.student_taps.empty() && needs.teacher_taps.empty()) continue;
    if (stage.form().together) refuse_reading(name, "networks that are trained together give none");
    const Outputs student = outputs_with(run, examples, name, run.network_of(stage), needs.student_taps);
    TeacherOutputs teacher;
    if (!needs.teacher_taps.empty())
      teacher.features =
          outputs_with(run, examples, name, teaching_network(run, stage, name), needs.teacher_taps).features;
    LossParameters unused(run.seed, /*loss=*/0, at::kCPU);
    if (needs.shapes) loss->prepare(shapes_of(student, teacher), unused);
  }
}

}  // namespace limbeck
