#pragma once
// Runs independent work side by side on one device: seeds, stages, members of a stage. Narrow networks leave most of a
// GPU idle: several of them share it, each with a thread and a stream of its own.
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "experiment/run_context.h"
#include "limbeck/events.h"

namespace limbeck {

/// Brings the events of several works into one order: those of the first as they come, then those of the second, and so
/// on, so that an observer sees one after the other. Until its turn comes, a work's events are kept, but for StepDone.
///
/// Thread-safety: the buses may be used by one thread each, at the same time.
class EventsInOrder {
 public:
  EventsInOrder(const EventBus& events, size_t works);
  /// The bus of a work, from 0.
  const EventBus& of(size_t work) const { return *buses_[work]; }
  /// A work's turn. Ends with this where the work has failed; else by end(), which throws what an observer throws.
  class Turn {
   public:
    Turn(EventsInOrder& order, size_t work) : order_(order), work_(work) {}
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    void end();

   private:
    EventsInOrder& order_;
    size_t work_;
    bool has_ended_ = false;
  };

  /// Must be called once when a work has ended.
  void end(size_t work);

 private:
  void take(size_t work, const Event& event);
  void pass_on();

  const EventBus& events_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<EventBus>> buses_;
  std::vector<std::vector<Event>> kept_;
  std::vector<bool> ended_;
  size_t turn_ = 0;
};

/// Returns whether this recipe's stages, and runs of it, may run beside others in one process: no stage needs what is
/// one in a process (the random numbers of programs, the switch of TF32).
bool may_run_side_by_side(const Recipe& recipe);

/// Calls `work` in this thread, which uses the device meanwhile (kernels/device_turns.h), with a stream of its own.
void use_device(at::Device device, const std::function<void()>& work);

/// For each work, the earlier ones that must have ended before it begins.
using WorkNeeds = std::vector<std::vector<size_t>>;

/// Calls work(0) … work(needs.size() − 1), each on a thread that uses the device: the first that can begin when a
/// thread is free. DeviceUse limits how many run at the same time, over all calls; a thread that uses the device may
/// call this, and rests until it returns. When one throws, calls `stop`, begins no other, and waits for those that have
/// begun; then throws what the first one threw.
void run_side_by_side(at::Device device, const WorkNeeds& needs, const std::function<void(size_t)>& work,
                      const std::function<void()>& stop);

/// Calls work(i, context) for parts of a run. If the run is `side_by_side`, they run so, each with a copy of the run's
/// context as those that it needs have left it, and the networks that they add are in `run` at the end. Otherwise they
/// run one after the other, with `run` itself. An observer sees no difference.
void run_parts(RunContext& run, const WorkNeeds& needs, const std::function<void(size_t, RunContext&)>& work);

/// For each stage, the earlier stages whose networks, labels or stores it uses. Stages of one store, which is filled
/// while the first of them trains, come one after the other.
WorkNeeds needs_of_stages(const Recipe& recipe, uint64_t seed);
/// The same for `count` members of a stage, which need each other only for their store.
WorkNeeds needs_of_members(const StageRecipe& stage, uint64_t seed, size_t count);

}  // namespace limbeck
