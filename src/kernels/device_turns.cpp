#include "kernels/device_turns.h"

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace limbeck {
namespace {

struct Turns {
  std::mutex mutex;
  std::condition_variable changed;
  int using_it = 0;                 ///< threads with a DeviceUse
  int pausing = 0;                  ///< of these, those that pause or wait to be alone
  bool alone = false;               ///< one thread has the device, or waits for the others to pause
  uint64_t waited = 0, served = 0;  ///< numbers of those that wait to use it
};

Turns& turns() {
  static Turns all;
  return all;
}

thread_local bool uses_device = false;

void begin_use() {
  std::unique_lock lock(turns().mutex);
  const uint64_t own = turns().waited++;
  turns().changed.wait(lock,
                       [&] { return turns().served == own && !turns().alone && turns().using_it < DeviceUse::kMost; });
  ++turns().served;
  ++turns().using_it;
  uses_device = true;
  turns().changed.notify_all();
}

void end_use() {
  const std::lock_guard lock(turns().mutex);
  --turns().using_it;
  uses_device = false;
  turns().changed.notify_all();
}

}  // namespace

DeviceUse::DeviceUse() {
  begin_use();
}

DeviceUse::~DeviceUse() {
  end_use();
}

DeviceUse::Rest::Rest() : rests_(uses_device) {
  if (rests_) end_use();
}

DeviceUse::Rest::~Rest() {
  if (rests_) begin_use();
}

void DeviceUse::pause() {
  if (!uses_device) return;
  std::unique_lock lock(turns().mutex);
  if (!turns().alone) return;
  ++turns().pausing;
  turns().changed.notify_all();
  turns().changed.wait(lock, [] { return !turns().alone; });
  --turns().pausing;
}

DeviceAlone::DeviceAlone() {
  std::unique_lock lock(turns().mutex);
  if (uses_device) ++turns().pausing;
  turns().changed.notify_all();
  turns().changed.wait(lock, [] { return !turns().alone; });
  turns().alone = true;
  turns().changed.wait(lock, [] { return turns().pausing == turns().using_it; });
  if (uses_device) --turns().pausing;
}

DeviceAlone::~DeviceAlone() {
  const std::lock_guard lock(turns().mutex);
  turns().alone = false;
  turns().changed.notify_all();
}

}  // namespace limbeck
