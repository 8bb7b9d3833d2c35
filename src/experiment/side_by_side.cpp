#include "experiment/side_by_side.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <optional>
#include <thread>

#include "experiment/device.h"
#include "kernels/cuda_device.h"
#include "kernels/device_turns.h"
#include "teacher/computed_outputs.h"

namespace limbeck {
namespace {

/// Which work is to be done next; the first failure ends it.
class WorkQueue {
 public:
  explicit WorkQueue(const WorkNeeds& needs)
      : needs_(needs), begun_(needs.size(), false), ended_(needs.size(), false) {}

  /// Waits for work that can begin. nullopt: there is none left.
  std::optional<size_t> take() {
    std::unique_lock lock(mutex_);
    std::optional<size_t> next;
    changed_.wait(lock, [&] { return failure_ || all_begun() || (next = ready()); });
    if (failure_ || !next) return std::nullopt;
    begun_[*next] = true;
    if (all_begun()) changed_.notify_all();
    return next;
  }
  void end(size_t work) {
    const std::lock_guard lock(mutex_);
    ended_[work] = true;
    changed_.notify_all();
  }
  /// Returns whether this is the first failure.
  bool fail(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (failure_) return false;
    failure_ = std::move(failure);
    changed_.notify_all();
    return true;
  }
  bool has_failed() {
    const std::lock_guard lock(mutex_);
    return failure_ != nullptr;
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  bool all_begun() const { return std::find(begun_.begin(), begun_.end(), false) == begun_.end(); }
  std::optional<size_t> ready() const {
    for (size_t i = 0; i < needs_.size(); ++i)
      if (!begun_[i] && std::all_of(needs_[i].begin(), needs_[i].end(), [&](size_t need) { return ended_[need]; }))
        return i;
    return std::nullopt;
  }

  const WorkNeeds& needs_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> begun_, ended_;
  std::exception_ptr failure_;
};

}  // namespace

EventsInOrder::Turn::~Turn() {
  if (has_ended_) return;
  try {
    order_.end(work_);
  } catch (const std::exception&) {  // the work's own failure is told
  }
}

void EventsInOrder::Turn::end() {
  has_ended_ = true;
  order_.end(work_);
}

EventsInOrder::EventsInOrder(const EventBus& events, size_t works)
    : events_(events), kept_(works), ended_(works, false) {
  for (size_t work = 0; work < works; ++work) {
    buses_.push_back(std::make_unique<EventBus>());
    buses_.back()->subscribe([this, work](const Event& event) { take(work, event); });
  }
}

void EventsInOrder::take(size_t work, const Event& event) {
  const std::lock_guard lock(mutex_);
  if (work == turn_)
    events_.emit(event);
  else if (!std::holds_alternative<StepDone>(event))
    kept_[work].push_back(event);
}

void EventsInOrder::end(size_t work) {
  const std::lock_guard lock(mutex_);
  ended_[work] = true;
  while (turn_ < ended_.size() && ended_[turn_]) {
    ++turn_;
    pass_on();
  }
}

void EventsInOrder::pass_on() {
  if (turn_ == kept_.size()) return;
  for (const Event& event : kept_[turn_]) events_.emit(event);
  kept_[turn_].clear();
}

bool may_run_side_by_side(const Recipe& recipe) {
  const auto is_program = [](const NetworkRecipe& network) { return !files_of(network.architecture).empty(); };
  const auto is_tf32 = [](const StageRecipe& stage) { return stage.precision == PrecisionChoice::tf32; };
  return std::none_of(recipe.networks.begin(), recipe.networks.end(), is_program) &&
         std::none_of(recipe.stages.begin(), recipe.stages.end(), is_tf32);
}

void use_device(at::Device device, const std::function<void()>& work) {
  flush_denormals();
  const DeviceUse use;
  const OwnStream stream(device);
  work();
  wait_for(device);
}

void run_side_by_side(at::Device device, const WorkNeeds& needs, const std::function<void(size_t)>& work,
                      const std::function<void()>& stop) {
  WorkQueue queue(needs);
  const auto run = [&] {
    while (const auto i = queue.take()) {
      try {
        use_device(device, [&] {
          if (!queue.has_failed()) work(*i);  // while this waited for the device
        });
        queue.end(*i);
      } catch (...) {
        if (queue.fail(std::current_exception())) stop();
      }
    }
  };
  wait_for(device);  // what this thread has queued is for other streams to read
  {
    const DeviceUse::Rest rest;
    std::vector<std::jthread> threads;
    const size_t most = std::min(needs.size(), size_t{DeviceUse::kMost});
    for (size_t i = 0; i < most; ++i) threads.emplace_back(run);
    threads.clear();  // joins them
  }
  queue.rethrow();
}

void run_parts(RunContext& run, const WorkNeeds& needs, const std::function<void(size_t, RunContext&)>& work) {
  if (!run.side_by_side || needs.size() < 2) {
    for (size_t i = 0; i < needs.size(); ++i) work(i, run);
    return;
  }
  EventsInOrder order(run.events, needs.size());
  std::stop_source stop;
  const std::stop_callback passed_on(run.stop, [&] { stop.request_stop(); });
  std::mutex merging;
  const auto own_context = [&](size_t i) {
    const std::lock_guard lock(merging);
    return run.beside(order.of(i), stop.get_token());
  };
  run_side_by_side(
      run.device, needs,
      [&](size_t i) {
        EventsInOrder::Turn turn(order, i);
        RunContext own = own_context(i);
        work(i, own);
        {
          const std::lock_guard lock(merging);
          run.take(own);
        }
        turn.end();
      },
      [&] { stop.request_stop(); });
}

WorkNeeds needs_of_stages(const Recipe& recipe, uint64_t seed) {
  const std::vector<StageRecipe>& stages = recipe.stages;
  WorkNeeds needs(stages.size());
  for (size_t i = 0; i < stages.size(); ++i) {
    const fs::path store = unsealed_store(stages[i].teacher, seed);
    const auto gives_network = [&](const StageRecipe& earlier) {
      return std::any_of(stages[i].inputs.begin(), stages[i].inputs.end(),
                         [&](const std::string& input) { return recipe.stage_of(input) == &earlier; });
    };
    for (size_t j = 0; j < i; ++j)
      if (gives_network(stages[j]) || stages[i].form().relabels || stages[j].form().relabels ||
          (!store.empty() && unsealed_store(stages[j].teacher, seed) == store))
        needs[i].push_back(j);
  }
  return needs;
}

WorkNeeds needs_of_members(const StageRecipe& stage, uint64_t seed, size_t count) {
  WorkNeeds needs(count);
  if (!unsealed_store(stage.teacher, seed).empty())
    for (size_t i = 1; i < count; ++i) needs[i] = {i - 1};
  return needs;
}

}  // namespace limbeck
