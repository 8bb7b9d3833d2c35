#include "experiment/stage_runner.h"

#include <cmath>

#include "core/hash.h"
#include "core/json.h"
#include "experiment/members.h"
#include "experiment/stage_fingerprint.h"
#include "results/binding.h"
#include "results/keys.h"

namespace limbeck {
namespace {

/// The folders of the networks that the stage is made of, where they are others than its own.
std::vector<StageFolder> member_folders(const RunContext& run, const StageRecipe& stage) {
  std::vector<StageFolder> members;
  for (const std::string& name : weight_folders(stage))
    if (name != stage.name) members.push_back(run.folder.stage(name));
  return members;
}

/// Copies the stage from a run folder that has finished it with the same fingerprint, and whose files are as the stage
/// left them.
void take_over(const RunContext& run, const StageRecipe& stage, const std::string& fingerprint) {
  for (const fs::path& path : run.reuse) {
    for (const RunFolder& from : {RunFolder(path), RunFolder(path).seed(static_cast<int64_t>(run.seed))}) {
      const StageFolder source = from.stage(stage.name);
      const std::optional<Json> record = source.record();
      if (!record || from_json<StageRecord>(*record).fingerprint != fingerprint) continue;
      if (const std::string difference = source.difference_from(*record); !difference.empty()) {
        run.events.emit(Notice{
            fmt::format("stage '{}' of '{}' is not taken over: {}", stage.name, from.path().string(), difference)});
        continue;
      }
      for (const std::string& member : weight_folders(stage))
        if (member != stage.name) run.folder.stage(member).copy_from(from.stage(member));
      run.folder_of(stage).copy_from(source);
      return;
    }
  }
}

/// Where the stage is finished with other settings: moves what it left aside, and says so.
void set_aside(const RunContext& run, const StageRecipe& stage, const Json& settings) {
  const StageFolder folder = run.folder_of(stage);
  const std::optional<Json> before = folder.record();
  if (!before) return;
  const auto record = from_json<StageRecord>(*before);
  const std::string reason = record.fingerprint == fingerprint_of(settings)
                                 ? folder.difference_from(*before)
                                 : difference_between(record.settings, settings);
  const fs::path kept = run.folder.set_aside_stage(stage.name);
  if (stage.form().together)
    for (const StageFolder& member : member_folders(run, stage)) run.folder.set_aside_stage(member.path().filename());
  run.events.emit(
      Notice{fmt::format("stage '{}' runs again: {}; what it left is kept in '{}'", stage.name, reason, kept.string()),
             Notice::Weight::grave});
}

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
  const auto finished_here = [&]() -> std::optional<Json> {
    std::optional<Json> finished = folder.finished();
    const bool same = finished && from_json<StageRecord>(*finished).fingerprint == fingerprint;
    return same ? std::move(finished) : std::nullopt;
  };
  std::optional<Json> finished = finished_here();
  if (!finished && !run.only_finished) set_aside(run, stage, settings);
  if (!finished && !run.reuse.empty()) {
    take_over(run, stage, fingerprint);
    finished = finished_here();
  }
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
  const auto run_part = [&](size_t i) { entries[i] = run_stage(run, parts[i]); };
  if (stage.form().apart && !parts.empty())
    share_out(run, stage, [&](int64_t k) { run_part(static_cast<size_t>(k) - 1); });
  else
    for (size_t i = 0; i < parts.size(); ++i) run_part(i);
  return run_whole(run, stage, *kind, entries);
}

bool is_finished(const RunContext& run, const StageRecipe& stage, const Json& settings) {
  const std::optional<Json> finished = run.folder_of(stage).finished();
  return finished && from_json<StageRecord>(*finished).fingerprint == fingerprint_of(settings);
}

void begin_anew(const RunContext& run, const StageRecipe& stage, const Json& settings) {
  set_aside(run, stage, settings);
  const StageFolder whole = run.folder.stage(run.recipe.stage_of(stage.name)->name);  // of which this may be a member
  if (whole.record()) run.folder.set_aside_stage(whole.path().filename());
  if (stage.form().together)
    for (const StageFolder& member : member_folders(run, stage)) member.begin();
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
