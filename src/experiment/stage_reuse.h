#pragma once
// Reuse of finished stages, from the run's folder or that of another run. Replaced files are moved aside, never
// deleted.
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "experiment/run_context.h"

namespace limbeck {

/// Returns the folders of the stage's members, if different from its own.
std::vector<StageFolder> member_folders(const RunContext& run, const StageRecipe& stage);

/// Returns the record of the stage if it is finished with these settings, here or in a run folder to reuse, from which
/// it is then copied. If it is finished with other settings, its files are moved aside, and a notice gives the reason.
std::optional<Json> find_finished(const RunContext& run, const StageRecipe& stage, const Json& settings);

/// Whether the folder contains the stage, finished with these settings.
bool is_finished(const RunContext& run, const StageRecipe& stage, const Json& settings);

/// Prepares the stage's folder for a new training: moves aside files of an earlier training first, and the record of
/// the stage of which it is a member.
void begin_anew(const RunContext& run, const StageRecipe& stage, const Json& settings);

}  // namespace limbeck
