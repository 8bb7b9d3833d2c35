#pragma once
// How far a run has come, from what it has left on disk so far.
#include <optional>
#include <string>
#include <vector>

#include "recipe/recipe.h"
#include "serve/served_runs.h"

namespace limbeck {

enum class StageState { waiting, training, stopped, done };
std::string to_text(StageState state);

/// A stage over all seeds and members; a member is a replica, a specialist, or a round of alignment.
struct StageProgress {
  std::string name;
  StageState state = StageState::waiting;
  int64_t parts = 0;  ///< trainings that it consists of
  int64_t parts_done = 0;
  double share = 0;       ///< of its epochs that are done, in [0, 1]
  std::string under_way;  ///< the training in progress, or that was stopped: "seed 2, network 3 of 10"; may be empty
  int64_t epoch = 0;      ///< of that training
  int64_t epochs = 0;
  std::optional<double> seconds_left;         ///< until that training ends, by its last epochs
  std::optional<double> examples_per_second;  ///< in its last epoch
};

struct RunProgress {
  StageState state = StageState::waiting;
  std::vector<StageProgress> stages;  ///< in the recipe's order; by name where no recipe can be read
};

/// The recipe that the run wrote when it began; nothing where there is none that this program can read.
std::optional<Recipe> recipe_of(const ServedRun& run);

/// Reads what is there; a file that is being written is read as far as it is. Throws Error for malformed ones.
RunProgress run_progress(const ServedRun& run, const std::optional<Recipe>& recipe);

}  // namespace limbeck
