#pragma once
// Stages that are there already: in the run's folder, or in that of another run that may be used again. What is
// replaced is set aside, never lost.
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "experiment/run_context.h"

namespace limbeck {

/// The folders of the networks that the stage is made of, where they are others than its own.
std::vector<StageFolder> member_folders(const RunContext& run, const StageRecipe& stage);

/// The record of the stage where it is finished with these settings, here or in a run folder to reuse, from which it is
/// copied. Where it is finished with others, what it left is set aside, and a notice says why.
std::optional<Json> find_finished(const RunContext& run, const StageRecipe& stage, const Json& settings);

/// Whether the folder has the stage with these settings.
bool is_finished(const RunContext& run, const StageRecipe& stage, const Json& settings);

/// From here on the stage's files are of another training: what is of the one before is set aside first, and the record
/// of the stage whose member it is.
void begin_anew(const RunContext& run, const StageRecipe& stage, const Json& settings);

}  // namespace limbeck
