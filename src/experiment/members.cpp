#include "experiment/members.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <thread>

#include "core/claim.h"
#include "experiment/side_by_side.h"
#include "kernels/device_turns.h"

namespace limbeck {

void share_out(RunContext& run, const StageRecipe& stage, const TrainMember& train) {
  const std::vector<std::string> names = weight_folders(stage);
  std::vector<size_t> left(names.size());
  std::iota(left.begin(), left.end(), 0);
  bool announced = false;
  while (true) {
    std::vector<size_t> busy(left.size());  // 1: another process trains it
    run_parts(run, needs_of_members(stage, run.seed, left.size()), [&](size_t i, RunContext& context) {
      const fs::path folder = run.folder.stage(names[left[i]]).path();
      make_writable_folder(folder);
      if (const Claim claim(claim_within(folder)); claim.acquired())
        train(context, static_cast<int64_t>(left[i]) + 1);
      else
        busy[i] = 1;
    });
    std::vector<size_t> others;
    for (size_t i = 0; i < left.size(); ++i)
      if (busy[i] == 1) others.push_back(left[i]);
    if (others.empty()) return;
    const bool progress = others.size() < left.size();
    left = std::move(others);
    if (progress) continue;
    if (!announced)
      run.events.emit(Notice{fmt::format("{}: waiting for members that other processes train", stage.name)});
    announced = true;
    if (run.stop.stop_requested())
      throw Error(ErrorKind::interrupted, "stopped while other processes train; nothing is lost");
    const DeviceUse::Rest rest;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

int64_t train_free_members(const RunContext& run, const StageRecipe& stage,
                           const std::function<bool(int64_t k)>& is_done, const std::function<void(int64_t k)>& train) {
  int64_t trained = 0;
  const std::vector<std::string> names = weight_folders(stage);
  for (size_t i = 0; i < names.size(); ++i) {
    const StageFolder folder = run.folder.stage(names[i]);
    make_writable_folder(folder.path());
    const Claim claim(claim_within(folder.path()));
    const auto k = static_cast<int64_t>(i) + 1;
    if (!claim.acquired() || is_done(k)) continue;
    train(k);
    ++trained;
  }
  return trained;
}

void set_time(StageResult& entry, const std::vector<TrainingTime>& members) {
  double seconds = 0, examples = 0;
  for (const TrainingTime& member : members) {
    seconds += member.seconds;
    examples += member.seconds * member.examples_per_second;
  }
  entry.seconds = seconds;
  entry.examples_per_second = examples / std::max(seconds, 1e-9);
}

}  // namespace limbeck
