#pragma once
// Threads that use one device together, and take turns where one of them must have it alone: while a CUDA graph is
// captured, no other thread may allocate memory of the device or wait for it.
//
//   const DeviceUse use;               // in each thread, as long as it uses the device
//   for (…) { DeviceUse::pause(); step(); }
//   { const DeviceUse::Rest rest; wait_for_other_threads(); }
//
// Thread-safety: all of it is for use by several threads at once.

namespace limbeck {

/// This thread uses the device while this lives. Waits where kMost threads use it already; those that wait are served
/// in their order. Not reentrant.
class DeviceUse {
 public:
  static constexpr int kMost = 4;  ///< each needs memory of the device; more hardly fill it better

  DeviceUse();
  ~DeviceUse();
  DeviceUse(const DeviceUse&) = delete;
  DeviceUse& operator=(const DeviceUse&) = delete;

  /// Waits while another thread has the device alone. Returns at once in a thread without a DeviceUse.
  static void pause();

  /// While this lives, this thread does not use the device, so that others may: for a thread that waits for them. Does
  /// nothing in a thread without a DeviceUse.
  class Rest {
   public:
    Rest();
    ~Rest();
    Rest(const Rest&) = delete;
    Rest& operator=(const Rest&) = delete;

   private:
    bool rests_;
  };
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
