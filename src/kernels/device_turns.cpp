#include "kernels/device_turns.h"

#include <condition_variable>
#include <mutex>

namespace limbeck {
namespace {

struct Turns {
  std::mutex mutex;
  std::condition_variable changed;
  int using_it = 0;    ///< threads with a DeviceUse
  int pausing = 0;     ///< of these, those that pause or wait to be alone
  bool alone = false;  ///< one thread has the device, or waits for the others to pause
};

Turns& turns() {
  static Turns all;
  return all;
}

thread_local bool uses_device = false;

}  // namespace

DeviceUse::DeviceUse() {
  std::unique_lock lock(turns().mutex);
  turns().changed.wait(lock, [] { return !turns().alone; });
  ++turns().using_it;
  uses_device = true;
}

DeviceUse::~DeviceUse() {
  const std::lock_guard lock(turns().mutex);
  --turns().using_it;
  uses_device = false;
  turns().changed.notify_all();
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
