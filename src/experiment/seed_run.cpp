#include "experiment/seed_run.h"

#include "core/json.h"
#include "experiment/environment.h"
#include "experiment/plots.h"
#include "experiment/run_checks.h"
#include "experiment/run_deployment.h"
#include "experiment/stage_fingerprint.h"
#include "experiment/stage_runner.h"
#include "experiment/stage_teacher.h"
#include "experiment/telling_examples.h"
#include "results/keys.h"
#include "results/result_details.h"
#include "teacher/computed_outputs.h"
#include "teacher/stored_views.h"

namespace limbeck {

SeedRun::SeedRun(const SeedRunSetup& setup)
    : deployment_(setup.deployment),
      command_(setup.command),
      run_{.recipe = setup.recipe,
           .fingerprints = setup.data,
           .events = setup.events,
           .device = setup.device,
           .folder = setup.folder,
           .seed = setup.seed,
           .reuse = setup.reuse,
           .recorder = setup.recorder,
           .data = RunData(setup.dataset, setup.recipe.data, setup.seed, setup.device),
           .networks = TrainedNetworks(setup.recipe, setup.dataset, setup.events, setup.seed, setup.device)} {
  for (const StageRecipe& stage : run_.recipe.stages) check_stage(run_, stage);
}

void set_aside_results(const RunFolder& folder, const std::string& made_of, const EventBus& events) {
  if (const std::optional<fs::path> kept = folder.set_aside_results(made_of))
    events.emit(
        Notice{fmt::format("'{}' holds results of another recipe, other data or other seeds; they are kept in '{}'",
                           folder.path().string(), kept->string()),
               Notice::Weight::grave});
}

std::string SeedRun::made_of() const {
  return fingerprint_of(run_);
}

RunResults SeedRun::header(const std::string& made_of) const {
  RunResults results = results_of(run_.recipe);
  results.command = command_;
  results.made_of = made_of;
  results.seed = static_cast<int64_t>(run_.seed);
  results.data.source = run_.dataset().name;
  results.data.classes = run_.dataset().classes;
  for (const ExampleSet* examples : {&run_.data.train(), &run_.data.validation(), &run_.data.test()})
    results.data.splits.add(examples->name(), examples->size());
  results.data.fingerprint = run_.fingerprints.source;
  if (!run_.fingerprints.extra.empty()) results.data.extra_fingerprint = run_.fingerprints.extra;
  results.environment = environment(run_.device.str());
  results.given = given_networks(run_);
  return results;
}

RunResults SeedRun::run() {
  const std::string fingerprint = made_of();
  set_aside_results(run_.folder, fingerprint, run_.events);
  Json own_recipe = resolve(run_.recipe);
  own_recipe[keys::kSeed] = run_.seed;
  run_.folder.write_recipe(to_yaml(own_recipe));
  RunResults results = header(fingerprint);
  tell_memory(run_);
  for (const StageRecipe& stage : run_.recipe.stages) {
    StageResult entry = run_stage(run_, stage);
    entry.intervals = wilson_intervals(entry.evaluations);
    entry.curves = curve_points(run_.folder_of(stage));
    results.stages.push_back(std::move(entry));
    results.plots = plots_of(run_.recipe, results.stages, {run_.folder});
    run_.folder.write_results(results);
  }
  write_examples();
  if (deployment_) {
    results.deployment = measure_networks(run_, results.stages);
    run_.folder.write_results(results);
  }
  return results;
}

void SeedRun::tell_few_steps() const {
  limbeck::tell_few_steps(run_);
}

int64_t SeedRun::help() {
  int64_t trained = 0;
  for (const StageRecipe& stage : run_.recipe.stages) {
    if (stage.form().relabels && !load_finished(run_, {stage.name})) break;  // what follows learns its labels
    trained += kind_of(stage)->help(run_, stage);
  }
  return trained;
}

void SeedRun::visit_stores(const std::string& wanted, StoreAccess access,
                           const std::function<void(const StageRecipe&, StoredViews&)>& use) {
  bool found = false;
  run_.only_finished = access == StoreAccess::existing;
  for (const StageRecipe& stage : run_.recipe.stages) {
    if (stage.form().relabels) run_with_inputs(run_, stage.name);  // what follows learns its labels
    if (!stage.form().trains || !stage.teacher || (!wanted.empty() && stage.name != wanted)) continue;
    const auto* options = dynamic_cast<const ComputedOptions*>(stage.teacher.options.get());
    if (options == nullptr || options->store.empty()) continue;
    if (const fs::path file = options->store_file(run_.seed); access == StoreAccess::existing && !fs::exists(file))
      throw Error(fmt::format("stage '{}': there is no store '{}'; `limbeck store build` or the run itself makes it",
                              stage.name, file.string()));
    found = true;
    for (const std::string& input : stage.inputs) run_with_inputs(run_, input);
    const ExampleSet examples = run_.data.examples_of(stage);
    const Augmenter augmenter(stage.augment);
    const std::unique_ptr<Teacher> teacher = make_training_teacher(run_, stage, examples, augmenter);
    use(stage, dynamic_cast<StoredViews&>(*teacher));
  }
  if (!found)
    throw Error(ErrorKind::usage, wanted.empty()
                                      ? "no stage of the recipe has a teacher with a store: write `store: FILE` there"
                                      : fmt::format("there is no stage '{}' whose teacher has a store", wanted));
}

/// Seen through the first network that teaches; without one, through the first that is trained.
void SeedRun::write_examples() {
  if (run_.dataset().speech != nullptr) return;  // frames are no pictures
  const std::vector<StageRecipe>& stages = run_.recipe.stages;
  std::string teaching = stages.front().name;
  for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage)
    if (!stage->teachers.empty()) teaching = stage->teachers.front();
  const auto logits_of = [&](const std::string& name) {
    return StageLogits{name, run_.networks.logits_on(run_.data.test(), name)};
  };
  std::vector<StageLogits> logits;
  for (const StageRecipe& stage : stages) logits.push_back(logits_of(stage.name));
  const StageLogits teacher = logits_of(teaching);
  if (run_.recipe.stage(teaching) == nullptr) logits.insert(logits.begin(), teacher);
  run_.folder.write_examples(telling_examples(run_.dataset(), teacher, logits));
}

}  // namespace limbeck
