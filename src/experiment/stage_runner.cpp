#include "experiment/stage_runner.h"

#include <cmath>

#include "core/hash.h"
#include "core/json.h"
#include "experiment/members.h"
#include "experiment/stage_fingerprint.h"
#include "experiment/stage_reuse.h"
#include "results/binding.h"
#include "results/keys.h"

namespace limbeck {
namespace {

/// The stage's network, and those of its members, under their names.
void add_networks(RunContext& run, const StageRecipe& stage, const StageKind& kind,
                  const std::shared_ptr<Network>& network) {
  const std::vector<std::string> folders = weight_folders(stage);
  const std::vector<std::shared_ptr<Network>> members = kind.members_of(network);
  Hasher all;
  for (size_t i = 0; i < folders.size(); ++i) {
    const std::string of_weights = fingerprint_of_file(run.folder.stage(folders[i]).weights());
    run.networks.add(folders[i], members[i], of_weights);
    all.add(of_weights);
  }
  const StageForm form = stage.form();
  if (form.members == 0) return;
  if (!form.source.empty()) all.add(run.networks.fingerprint(form.source));
  run.networks.add(stage.name, network, all.add(resolve(stage.kind).dump()).fingerprint());
}

/// Says what came of a stage that has just run.
void tell(const RunContext& run, const StageRecipe& stage, const StageOutcome& outcome) {
  const StageResult& entry = outcome.entry;
  if (outcome.notice) {
    run.events.emit(Notice{fmt::format("{}: {}{}", stage.name, entry.note(), *outcome.notice)});
    return;
  }
  const auto on_test = [&](const char* metric) { return entry.number(keys::kTest, metric).value_or(0); };
  run.events.emit(StageDone{stage.name,
                            entry.seconds.value_or(0),
                            entry.examples_per_second.value_or(0),
                            {keys::kTest, std::llround(on_test(keys::kExamples)), std::llround(on_test(keys::kErrors)),
                             on_test(keys::kAccuracy), on_test(keys::kNll)}});
}

/// Without its parts, whose entries are given.
StageResult run_whole(RunContext& run, const StageRecipe& stage, const StageKind& kind,
                      const std::vector<StageResult>& parts) {
  const StageFolder folder = run.folder_of(stage);
  const Json settings = settings_of(run, stage);
  const std::string fingerprint = fingerprint_of(settings);
  const std::optional<Json> finished = find_finished(run, stage, settings);
  if (run.ranks != nullptr)
    run.ranks->require_equal(fmt::format("state of stage '{}'", stage.name), finished ? "finished" : "not finished");
  if (finished) {
    run.events.emit(StageReused{stage.name, folder.path()});
    add_networks(run, stage, kind, kind.load(run, stage, *finished));
    kind.conclude(run, stage);
    return from_json<StageRecord>(*finished).results;
  }
  if (run.only_finished)
    throw Error(ErrorKind::usage,
                fmt::format("stage '{}' is not finished in '{}' as the recipe has it; run the recipe first", stage.name,
                            run.folder.path().string()));
  begin_anew(run, stage, settings);
  StageOutcome outcome = kind.run(run, stage, fingerprint, parts);
  outcome.entry.said = outcome.entry.note();
  tell(run, stage, outcome);
  Json record = to_json(StageRecord{.fingerprint = fingerprint, .settings = settings, .results = outcome.entry});
  record.update(outcome.record);
  folder.finish(record, member_folders(run, stage));
  add_networks(run, stage, kind, outcome.network);
  kind.conclude(run, stage);
  return outcome.entry;
}

}  // namespace

StageResult run_stage(RunContext& run, const StageRecipe& stage) {
  const std::unique_ptr<StageKind> kind = kind_of(stage);
  const std::vector<StageRecipe> parts = kind->parts(stage);
  std::vector<StageResult> entries(parts.size());
  const auto run_part = [&](RunContext& context, size_t i) { entries[i] = run_stage(context, parts[i]); };
  if (stage.form().apart && !parts.empty())
    share_out(run, stage, [&](RunContext& context, int64_t k) { run_part(context, static_cast<size_t>(k) - 1); });
  else
    for (size_t i = 0; i < parts.size(); ++i) run_part(run, i);
  return run_whole(run, stage, *kind, entries);
}

void run_with_inputs(RunContext& run, const std::string& name) {
  if (run.networks.contains(name)) return;
  const StageRecipe* stage = run.recipe.stage_of(name);
  if (stage == nullptr) return;
  for (const std::string& input : stage->inputs) run_with_inputs(run, input);
  run_stage(run, *stage);
}

bool load_finished(RunContext& run, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const StageRecipe* stage = run.recipe.stage_of(name);
    if (run.networks.contains(name) || stage == nullptr) continue;
    if (!load_finished(run, stage->inputs)) return false;
    const std::unique_ptr<StageKind> kind = kind_of(*stage);
    for (const StageRecipe& part : kind->parts(*stage)) {
      if (!is_finished(run, part, settings_of(run, part))) return false;
      run_stage(run, part);
    }
    if (!kind->has_members(run, *stage) || !is_finished(run, *stage, settings_of(run, *stage))) return false;
    run_whole(run, *stage, *kind, {});
  }
  return true;
}

}  // namespace limbeck
