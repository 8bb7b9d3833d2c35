#include "experiment/stage_reuse.h"

#include <mutex>

#include "core/json.h"
#include "experiment/stage_fingerprint.h"
#include "results/binding.h"

namespace limbeck {
namespace {

/// Held where files are moved aside: members that are trained side by side find the stage of both.
std::mutex& moving() {
  static std::mutex one;
  return one;
}

/// The record where the stage is done with this fingerprint.
std::optional<Json> finished_with(const StageFolder& folder, const std::string& fingerprint) {
  std::optional<Json> finished = folder.finished();
  const bool same = finished && from_json<StageRecord>(*finished).fingerprint == fingerprint;
  return same ? std::move(finished) : std::nullopt;
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

}  // namespace

std::vector<StageFolder> member_folders(const RunContext& run, const StageRecipe& stage) {
  std::vector<StageFolder> members;
  for (const std::string& name : weight_folders(stage))
    if (name != stage.name) members.push_back(run.folder.stage(name));
  return members;
}

std::optional<Json> find_finished(const RunContext& run, const StageRecipe& stage, const Json& settings) {
  const StageFolder folder = run.folder_of(stage);
  const std::string fingerprint = fingerprint_of(settings);
  std::optional<Json> finished = finished_with(folder, fingerprint);
  if (!finished && !run.only_finished) {
    const std::lock_guard lock(moving());
    set_aside(run, stage, settings);
  }
  if (finished || run.reuse.empty()) return finished;
  take_over(run, stage, fingerprint);
  return finished_with(folder, fingerprint);
}

bool is_finished(const RunContext& run, const StageRecipe& stage, const Json& settings) {
  return finished_with(run.folder_of(stage), fingerprint_of(settings)).has_value();
}

void begin_anew(const RunContext& run, const StageRecipe& stage, const Json& settings) {
  const std::lock_guard lock(moving());
  set_aside(run, stage, settings);
  const StageFolder whole = run.folder.stage(run.recipe.stage_of(stage.name)->name);  // of which this may be a member
  if (whole.record()) run.folder.set_aside_stage(whole.path().filename());
  if (stage.form().together)
    for (const StageFolder& member : member_folders(run, stage)) member.begin();
}

}  // namespace limbeck
