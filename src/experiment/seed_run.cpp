#include "experiment/seed_run.h"

#include <mutex>
#include <optional>

#include "core/json.h"
#include "experiment/environment.h"
#include "experiment/plots.h"
#include "experiment/run_checks.h"
#include "experiment/run_deployment.h"
#include "experiment/side_by_side.h"
#include "experiment/stage_fingerprint.h"
#include "experiment/stage_runner.h"
#include "experiment/store_visits.h"
#include "experiment/telling_examples.h"
#include "results/keys.h"
#include "results/result_details.h"

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
           .networks = TrainedNetworks(setup.recipe, setup.dataset, setup.events, setup.seed, setup.device),
           .stop = setup.stop,
           .ranks = setup.ranks,
           .side_by_side = setup.side_by_side} {
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

void SeedRun::run_stages(RunResults& results) {
  const std::vector<StageRecipe>& stages = run_.recipe.stages;
  std::vector<std::optional<StageResult>> entries(stages.size());
  std::mutex writing;
  run_parts(run_, needs_of_stages(run_.recipe, run_.seed), [&](size_t i, RunContext& context) {
    StageResult entry = run_stage(context, stages[i]);
    entry.intervals = wilson_intervals(entry.evaluations);
    entry.curves = curve_points(run_.folder_of(stages[i]));
    const std::lock_guard lock(writing);
    entries[i] = std::move(entry);
    const size_t before = results.stages.size();
    for (size_t next = before; next < stages.size() && entries[next]; ++next)
      results.stages.push_back(*std::move(entries[next]));
    if (results.stages.size() == before) return;  // an earlier stage is not done
    results.plots = plots_of(run_.recipe, results.stages, {run_.folder});
    run_.folder.write_results(results);
  });
}

RunResults SeedRun::run() {
  const std::string fingerprint = made_of();
  set_aside_results(run_.folder, fingerprint, run_.events);
  Json own_recipe = resolve(run_.recipe);
  own_recipe[keys::kSeed] = run_.seed;
  run_.folder.write_recipe(to_yaml(own_recipe));
  RunResults results = header(fingerprint);
  require_whole_stores(run_);
  tell_memory(run_);
  tell_stores(run_);
  if (run_.side_by_side && !fits_side_by_side(/*seeds=*/1)) {
    run_.events.emit(Notice{"the device's memory is too small for stages side by side; they run one after the other"});
    run_.side_by_side = false;
  }
  run_stages(results);
  write_telling_examples(run_);
  if (deployment_) {
    results.deployment = measure_networks(run_, results.stages);
    run_.folder.write_results(results);
  }
  return results;
}

void SeedRun::tell_few_steps() const {
  limbeck::tell_few_steps(run_);
}

bool SeedRun::fits_side_by_side(size_t seeds) const {
  return limbeck::fits_side_by_side(run_, seeds);
}

void SeedRun::visit_stores(const StoreVisit& visit, const UseOfStore& use) {
  limbeck::visit_stores(run_, visit, use);
}

int64_t SeedRun::help() {
  int64_t trained = 0;
  for (const StageRecipe& stage : run_.recipe.stages) {
    if (stage.form().relabels && !load_finished(run_, {stage.name})) break;  // what follows learns its labels
    trained += kind_of(stage)->help(run_, stage);
  }
  return trained;
}

}  // namespace limbeck
