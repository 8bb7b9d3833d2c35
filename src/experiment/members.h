#pragma once
// Members of a stage that several processes may train: each is trained by the process that holds the lock in its
// folder.
#include <functional>

#include "experiment/run_context.h"
#include "results/stage_result.h"

namespace limbeck {

/// Calls run(k) for each of the stage's members, from 1, while no other process trains it; waits for those that others
/// train.
void share_out(const RunContext& run, const StageRecipe& stage, const std::function<void(int64_t k)>& train);

/// Calls train(k) for each member that no other process trains and for which is_done(k) is false. Returns how many.
int64_t train_free_members(const RunContext& run, const StageRecipe& stage,
                           const std::function<bool(int64_t k)>& is_done, const std::function<void(int64_t k)>& train);

/// What the training of one member took.
struct TrainingTime {
  double seconds = 0;
  double examples_per_second = 0;
};
/// The time of all together, and the speed over it.
void set_time(StageResult& entry, const std::vector<TrainingTime>& members);

}  // namespace limbeck
