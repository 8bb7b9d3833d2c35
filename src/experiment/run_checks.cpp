#include "experiment/run_checks.h"

#include <algorithm>
#include <set>

#include "experiment/memory.h"
#include "experiment/stage.h"
#include "experiment/stage_features.h"
#include "experiment/stage_fingerprint.h"
#include "experiment/stage_teacher.h"
#include "kernels/cuda_device.h"
#include "kernels/device_turns.h"
#include "loss/objective.h"
#include "train/optimizer.h"

namespace limbeck {
namespace {

/// Of the stage, or of a network with weights, the networks of these forms that answer together.
std::vector<std::string> networks_in(const RunContext& run, const std::string& name) {
  const StageRecipe* stage = run.recipe.stage_of(name);
  if (stage == nullptr) return {name};
  const StageForm form = stage->form();
  const bool whole = stage->name == name;  // "ensemble", not "ensemble.1" of it
  const int64_t count = whole && form.members > 0 ? form.members + (form.source.empty() ? 0 : 1) : 1;
  return std::vector<std::string>(static_cast<size_t>(count), stage->network);
}

struct StageNeed {
  const StageRecipe* stage;
  MemoryNeed need;
};

/// Of the stages that train.
std::vector<StageNeed> needs_by_stage(const RunContext& run) {
  std::vector<StageNeed> needs;
  std::map<std::string, std::shared_ptr<Network>> made;  // by name; weights do not matter
  const auto of_name = [&](const std::string& name) {
    std::shared_ptr<Network>& network = made[name];
    if (network == nullptr) network = run.networks.make(*run.recipe.network(name), run.seed);
    return network;
  };
  for (const StageRecipe& stage : run.recipe.stages) {
    if (!stage.form().trains) continue;
    const KeptSize size = stage.teacher ? kept_size(run, stage, run.data.train()) : KeptSize{};
    const double kept = size.memory + (run.device.is_cpu() ? 0 : size.epoch);
    std::vector<std::shared_ptr<Network>> teachers;
    for (const std::string& name : stage.teachers)
      for (const std::string& network : networks_in(run, name)) teachers.push_back(of_name(network));
    needs.push_back({&stage, memory_need(run.dataset(), stage, *of_name(stage.network), teachers, kept)});
  }
  return needs;
}

/// That an optimizer which keeps two gradients apart has both.
void check_gradients(const StageRecipe& stage) {
  if (!make_optimizer(stage.optimizer, ParameterGroups{})->separates()) return;
  const std::vector<bool> distils = Objective(stage.loss).distils();
  const auto of_teacher = std::count(distils.begin(), distils.end(), true);
  if (of_teacher > 0 && of_teacher < static_cast<int64_t>(distils.size())) return;
  throw Error(
      ErrorKind::usage,
      fmt::format("the optimizer '{}' keeps the gradient of the teacher's terms apart from that of the others, "
                  "and the loss has {}; use 'sgd', or add a term",
                  stage.optimizer.name(), of_teacher == 0 ? "none of the teacher" : "those of the teacher alone"));
}

}  // namespace

void check_stage(const RunContext& run, const StageRecipe& stage) {
  try {
    kind_of(stage)->check(run, stage);
    const ExampleSet examples = run.data.examples_of(stage);
    examples.require(Augmenter(stage.augment));
    check_features(run, stage, examples);
    if (stage.form().trains) check_gradients(stage);
    if (stage.form().trains && stage.teacher) check_stage_teacher(run, stage, examples);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("stage '{}': {}", stage.name, error.what()));
  }
}

void tell_few_steps(const RunContext& run) {
  constexpr int64_t kFew = 100, kUsual = 1000;
  for (const StageRecipe& stage : run.recipe.stages) {
    const bool begins_at_random = stage.inputs == stage.teachers && !begins_with_weights(stage, run.network_of(stage));
    if (!stage.form().trains || !begins_at_random || run.folder_of(stage).finished()) continue;
    const int64_t examples = run.data.examples_of(stage).size(),
                  steps = (examples + stage.batch_size - 1) / stage.batch_size;
    if (stage.epochs * steps >= kFew) continue;
    run.events.emit(Notice{fmt::format(
        "stage '{0}': {1} epoch{2} of {3} step{4} ({5} examples, batches of {6}): too few to learn much; try "
        "--set stages.{0}.epochs={7}, or smaller batches: --set stages.{0}.batch_size={8}",
        stage.name, stage.epochs, stage.epochs == 1 ? "" : "s", steps, steps == 1 ? "" : "s", examples,
        stage.batch_size, (kUsual + steps - 1) / steps, std::clamp<int64_t>(stage.batch_size / 8, 1, 16))});
  }
}

void tell_memory(const RunContext& run) {
  const std::vector<StageNeed> needs = needs_by_stage(run);
  const auto most = std::max_element(needs.begin(), needs.end(), [](const StageNeed& left, const StageNeed& right) {
    return left.need.total() < right.need.total();
  });
  if (most == needs.end()) return;
  run.events.emit(Notice{fmt::format("memory: stage '{}' will need about {}", most->stage->name, most->need.text())});
  if (const double there = available_memory(); there > 0 && most->need.total() > there)
    run.events.emit(Notice{fmt::format("this machine has {:.1f} GB available: the run may be killed", there / 1e9)});
}

void require_whole_stores(const RunContext& run) {
  if (run.ranks != nullptr) return;  // who complete them together
  for (const StageRecipe& stage : run.recipe.stages) {
    const fs::path file = stage.teacher ? unsealed_store(stage.teacher, run.seed) : fs::path();
    if (file.empty() || !stage.form().trains || run.folder_of(stage).finished()) continue;
    if (const StoreParts parts = find_store(file); parts.sharded()) open_parts(parts);
  }
}

void tell_stores(const RunContext& run) {
  std::set<fs::path> told;
  for (const StageRecipe& stage : run.recipe.stages) {
    const fs::path file = new_store(stage.teacher, run.seed);
    if (!stage.form().trains || file.empty() || run.folder_of(stage).finished() || !told.insert(file).second) continue;
    const KeptSize size = kept_size(run, stage, run.data.examples_of(stage));
    run.events.emit(Notice{fmt::format("store: the teacher's outputs of stage '{}' will take {} in '{}'{}", stage.name,
                                       bytes_text(size.file), file.string(), size.features_text())});
  }
}

bool fits_side_by_side(const RunContext& run, size_t seeds) {
  constexpr double kUsable = 0.8;  // LibTorch, its libraries and graphs need some too, and the estimate is rough
  double memory = kUsable * memory_of(run.device);
  if (memory <= 0) return true;
  for (const Split* split : {&run.dataset().train, &run.dataset().test})  // files that are mapped are copied there
    if (split->mapped) memory -= static_cast<double>(split->inputs.nbytes());
  std::vector<MemoryNeed> needs;
  for (const StageNeed& stage : needs_by_stage(run)) {
    const StageForm form = stage.stage->form();
    const size_t networks = form.apart ? static_cast<size_t>(std::max<int64_t>(form.members, 1)) : 1;
    needs.insert(needs.end(), std::min(seeds * networks, size_t{DeviceUse::kMost}), stage.need);
  }
  return fit_together(std::move(needs), DeviceUse::kMost, memory);
}

}  // namespace limbeck
