#include "experiment/seeds_together.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <thread>

#include "kernels/device_turns.h"

namespace limbeck {

EventsInOrder::EventsInOrder(const EventBus& events, size_t runs) : events_(events), kept_(runs), ended_(runs, false) {
  for (size_t run = 0; run < runs; ++run) {
    buses_.push_back(std::make_unique<EventBus>());
    buses_.back()->subscribe([this, run](const Event& event) { take(run, event); });
  }
}

void EventsInOrder::take(size_t run, const Event& event) {
  const std::lock_guard lock(mutex_);
  if (run == turn_)
    events_.emit(event);
  else if (!std::holds_alternative<StepDone>(event))
    kept_[run].push_back(event);
}

void EventsInOrder::end(size_t run) {
  const std::lock_guard lock(mutex_);
  ended_[run] = true;
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

void run_together(size_t count, size_t at_once, const std::function<void(size_t)>& work,
                  const std::function<void()>& stop) {
  std::mutex mutex;
  size_t next = 0;
  std::exception_ptr failure;
  const auto take = [&]() -> std::optional<size_t> {
    const std::lock_guard lock(mutex);
    return failure || next == count ? std::nullopt : std::optional(next++);
  };
  const auto run = [&] {
    while (const auto i = take()) {
      try {
        const DeviceUse use;
        work(*i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (failure) return;
        failure = std::current_exception();
        stop();
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < std::min(count, at_once); ++i) threads.emplace_back(run);
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace limbeck
