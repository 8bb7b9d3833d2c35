#pragma once
// Threads that use one device together, and take turns where one of them must have it alone: while a CUDA graph is
// captured, no other thread may allocate memory of the device or wait for it.
//
//   const DeviceUse use;               // in each thread, as long as it uses the device
//   for (…) { DeviceUse::pause(); step(); }
//
// Thread-safety: all of it is for use by several threads at once.

namespace limbeck {

/// This thread uses the device while this lives. Not reentrant.
class DeviceUse {
 public:
  DeviceUse();
  ~DeviceUse();
  DeviceUse(const DeviceUse&) = delete;
  DeviceUse& operator=(const DeviceUse&) = delete;

  /// Waits while another thread has the device alone. Returns at once in a thread without a DeviceUse.
  static void pause();
};

/// This thread has the device alone while this lives: it waits until every other thread with a DeviceUse pauses or is
/// done.
class DeviceAlone {
 public:
  DeviceAlone();
  ~DeviceAlone();
  DeviceAlone(const DeviceAlone&) = delete;
  DeviceAlone& operator=(const DeviceAlone&) = delete;
};

}  // namespace limbeck
