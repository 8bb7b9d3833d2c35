#pragma once
// Progress of a run, read from the files that it has written so far.
#include <optional>
#include <string>
#include <vector>

#include "recipe/recipe.h"
#include "serve/served_runs.h"

namespace limbeck {

enum class StageState { waiting, training, stopped, done };
std::string to_text(StageState state);

/// Progress of a stage over all seeds and members, where a member is a replica, a specialist, or a round of alignment.
struct StageProgress {
  std::string name;
  StageState state = StageState::waiting;
  int64_t parts = 0;  ///< number of parts over all seeds: the trainings of its members, and the stage itself
  int64_t parts_done = 0;
  double share = 0;       ///< fraction of its epochs that are done, in [0, 1]
  std::string under_way;  ///< the training in progress or stopped: "seed 2, network 3 of 10"; may be empty
  int64_t epoch = 0;      ///< of that training
  int64_t epochs = 0;
  std::optional<double> seconds_left;         ///< estimated time until that training ends, from its last epochs
  std::optional<double> examples_per_second;  ///< in its last epoch
};

struct RunProgress {
  StageState state = StageState::waiting;
  std::vector<StageProgress> stages;  ///< in recipe order; sorted by name if there is no readable recipe
};

/// Returns the recipe that the run wrote at its start; nullopt if there is none or this version cannot parse it.
std::optional<Recipe> recipe_of(const ServedRun& run);

/// Reads the files of the run; files that are being written are read up to their last complete line. Throws Error for
/// malformed files.
RunProgress run_progress(const ServedRun& run, const std::optional<Recipe>& recipe);

}  // namespace limbeck
