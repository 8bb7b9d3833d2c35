#pragma once
// Runs several seeds side by side on one device. Narrow networks leave most of a GPU idle: several of them share it,
// each with a thread and a stream of its own.
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "limbeck/events.h"

namespace limbeck {

/// Brings the events of several runs into one order: those of the first run as they come, then those of the second, and
/// so on, so that an observer sees one run after the other. Until its turn comes, a run's events are kept, but for
/// StepDone.
///
/// Thread-safety: the buses may be used by one thread each, at the same time.
class EventsInOrder {
 public:
  EventsInOrder(const EventBus& events, size_t runs);
  /// The bus of a run, from 0.
  const EventBus& of(size_t run) const { return *buses_[run]; }
  /// A run's turn, which ends with this.
  class Turn {
   public:
    Turn(EventsInOrder& order, size_t run) : order_(order), run_(run) {}
    ~Turn() { order_.end(run_); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    EventsInOrder& order_;
    size_t run_;
  };

  /// Must be called once when a run has ended.
  void end(size_t run);

 private:
  void take(size_t run, const Event& event);
  void pass_on();

  const EventBus& events_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<EventBus>> buses_;
  std::vector<std::vector<Event>> kept_;
  std::vector<bool> ended_;
  size_t turn_ = 0;
};

/// Calls work(0) … work(count − 1) in this order, at most `at_once` at a time, each on a thread that uses the device
/// (kernels/device_turns.h). When one throws, calls `stop`, begins no other, and waits for those that have begun; then
/// throws what the first one threw.
void run_together(size_t count, size_t at_once, const std::function<void(size_t)>& work,
                  const std::function<void()>& stop);

}  // namespace limbeck
