#include "experiment/members.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace limbeck {

void share_out(const RunContext& run, const StageRecipe& stage, const std::function<void(int64_t k)>& train) {
  const std::vector<std::string> names = weight_folders(stage);
  std::vector<bool> done(names.size());
  bool announced = false;
  while (true) {
    bool progress = false, all = true;
    for (size_t i = 0; i < names.size(); ++i) {
      if (done[i]) continue;
      const fs::path lock_file = run.folder.stage(names[i]).lock();
      make_writable_folder(lock_file.parent_path());
      if (const FileLock lock(lock_file); lock.acquired()) {
        train(static_cast<int64_t>(i) + 1);
        done[i] = progress = true;
      }
      all &= done[i];
    }
    if (all) return;
    if (progress) continue;
    if (!announced)
      run.events.emit(Notice{fmt::format("{}: waiting for members that other processes train", stage.name)});
    announced = true;
    if (run.stop.stop_requested())
      throw Error(ErrorKind::interrupted, "stopped while other processes train; nothing is lost");
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

int64_t train_free_members(const RunContext& run, const StageRecipe& stage,
                           const std::function<bool(int64_t k)>& is_done, const std::function<void(int64_t k)>& train) {
  int64_t trained = 0;
  const std::vector<std::string> names = weight_folders(stage);
  for (size_t i = 0; i < names.size(); ++i) {
    const StageFolder folder = run.folder.stage(names[i]);
    make_writable_folder(folder.lock().parent_path());
    const FileLock lock(folder.lock());
    const auto k = static_cast<int64_t>(i) + 1;
    if (!lock.acquired() || is_done(k)) continue;
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
