// The part of a run whose members, those of ensembles and specialists, several processes may train.
#include <fmt/core.h>

#include <chrono>
#include <thread>

#include "core/hash.h"
#include "core/interrupt.h"
#include "core/json.h"
#include "experiment/replicas.h"
#include "experiment/seed_run.h"
#include "experiment/specialists.h"

namespace limbeck {

void SeedRun::share_out(const StageRecipe& stage, const std::function<void(int64_t k)>& run) {
  const std::vector<std::string> names = weight_folders(stage);
  std::vector<bool> done(names.size());
  bool told = false;
  while (true) {
    bool progress = false, all = true;
    for (size_t i = 0; i < names.size(); ++i) {
      if (done[i]) continue;
      const fs::path lock_file = setup_.folder.stage(names[i]).lock();
      make_writable_folder(lock_file.parent_path());
      if (const FileLock lock(lock_file); lock.acquired()) {
        run(static_cast<int64_t>(i) + 1);
        done[i] = progress = true;
      }
      all &= done[i];
    }
    if (all) return;
    if (progress) continue;
    if (!told)
      setup_.events.emit(Notice{fmt::format("{}: waiting for members that other processes train", stage.name)});
    told = true;
    if (stop_requested() != 0)
      throw Error(ErrorKind::interrupted, "stopped while other processes train; nothing is lost");
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

bool SeedRun::is_finished(const StageRecipe& stage) {
  const std::optional<Json> finished = setup_.folder.stage(stage.name).finished();
  return finished && finished->value("fingerprint", "") == Hasher().add(settings_of(stage).dump()).fingerprint();
}

bool SeedRun::load_finished(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const StageRecipe* stage = stage_with(name);
    if (networks_.contains(name) || stage == nullptr) continue;
    if (!load_finished(stage->inputs)) return false;
    std::vector<StageRecipe> parts;  // before the stage itself, which depends on them
    for (int64_t round = 1; round < stage->align; ++round) parts.push_back(round_of(*stage, round));
    for (int64_t k = 1; trains_apart(*stage) && k <= stage->replicas.count; ++k) parts.push_back(replica_of(*stage, k));
    parts.push_back(*stage);
    if (trains_specialists(*stage))
      for (const std::string& member : weight_folders(*stage))
        if (!setup_.folder.stage(member).finished()) return false;
    for (const StageRecipe& part : parts) {
      if (!is_finished(part)) return false;
      run_stage_alone(part);
    }
  }
  return true;
}

int64_t SeedRun::help() {
  int64_t trained = 0;
  for (const StageRecipe& stage : setup_.recipe.stages) {
    const bool specialists = trains_specialists(stage);
    if (stage.align > 0 && !load_finished({stage.name})) break;  // what follows learns its labels
    if ((!specialists && !trains_apart(stage)) || !load_finished(stage.inputs)) continue;
    const ClassGroups groups = specialists ? find_groups(stage) : ClassGroups{};
    const std::vector<std::string> names = weight_folders(stage);
    for (size_t i = 0; i < names.size(); ++i) {
      const StageFolder folder = setup_.folder.stage(names[i]);
      make_writable_folder(folder.lock().parent_path());
      const FileLock lock(folder.lock());
      const auto k = static_cast<int64_t>(i) + 1;
      const bool done = specialists ? specialist_is_finished(specialist_of(stage, k), groups.groups[i])
                                    : is_finished(replica_of(stage, k));
      if (!lock.acquired() || done) continue;
      if (specialists)
        train_specialist(specialist_of(stage, k), groups.groups[i]);
      else
        run_stage_alone(replica_of(stage, k));
      ++trained;
    }
  }
  return trained;
}

}  // namespace limbeck
