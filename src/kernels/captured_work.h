#pragma once
// Work on a device whose operations are captured once and then launched as one graph. Small networks on a GPU are bound
// by kernel launches; replaying a capture avoids this overhead.
//
//   CapturedWork step([&] { queue_step(); }, cuda_graphs());
//   for (int i = 0; i < steps; ++i) step();   // runs, captures and replays, replays, …

#include <exception>
#include <functional>
#include <memory>
#include <string>

namespace limbeck {

/// Returns what an error says, without LibTorch's stack of calls.
std::string reason_of(const std::exception& error);

/// Captured work.
class RecordedWork {
 public:
  virtual ~RecordedWork() = default;
  /// Replays the work: the same operations on the same memory.
  virtual void replay() = 0;
};

/// Captures the operations of `work` on a device without executing them. Throws if capture is not possible, e.g.
/// because `work` synchronizes with the device. An empty Recorder captures nothing.
using Recorder = std::function<std::unique_ptr<RecordedWork>(const std::function<void()>& work)>;

/// Returns a recorder that captures until the first failure, which it reports with the reason. After that it refuses,
/// since an aborted capture may leave the device's allocator in a state in which other captures fail. All copies share
/// this state.
Recorder until_failure(Recorder recorder, std::function<void(const std::string& reason)> tell);

class CapturedWork {
 public:
  /// Everything that the work reads and writes, apart from what it allocates itself, must stay at the same memory
  /// address, and every host value that it depends on must stay the same.
  CapturedWork(std::function<void()> work, Recorder recorder)
      : work_(std::move(work)), recorder_(std::move(recorder)) {}
  CapturedWork(const CapturedWork&) = delete;
  CapturedWork& operator=(const CapturedWork&) = delete;

  /// Does the work. The first call runs it, since libraries initialize themselves on first use; the second captures it;
  /// that and later calls replay the capture. If capture fails, the work is always run. Other threads that use the
  /// device pause during the capture (device_turns.h).
  void operator()();

 private:
  std::function<void()> work_;
  Recorder recorder_;
  bool has_run_ = false;
  std::unique_ptr<RecordedWork> recording_;
};

}  // namespace limbeck
