#pragma once
// Members of a stage that several processes may train in parallel, on one host or on several with a shared folder. Each
// member is trained by the process that has the claim on its folder (core/claim.h). Where a host is frozen, another
// trains its member anew; if it goes on, both leave the same bytes, each file at once.
#include <functional>

#include "experiment/run_context.h"
#include "results/stage_result.h"

namespace limbeck {

/// Trains the k-th member of a stage, from 1, in this context.
using TrainMember = std::function<void(RunContext& run, int64_t k)>;

/// Calls `train` for each of the stage's members that no other process is training, as run_parts does (side_by_side.h);
/// waits for members that others are training.
void share_out(RunContext& run, const StageRecipe& stage, const TrainMember& train);

/// Calls train(k) for each member that no other process is training and for which is_done(k) is false. Returns the
/// number of calls.
int64_t train_free_members(const RunContext& run, const StageRecipe& stage,
                           const std::function<bool(int64_t k)>& is_done, const std::function<void(int64_t k)>& train);

/// The training time and speed of one member.
struct TrainingTime {
  double seconds = 0;
  double examples_per_second = 0;
};
/// Sets the total time of all members and the overall speed.
void set_time(StageResult& entry, const std::vector<TrainingTime>& members);

}  // namespace limbeck
