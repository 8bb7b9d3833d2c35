#pragma once
// A recorder of the processor: a replay runs the work again.
#include "kernels/captured_function.h"

namespace limbeck {

class ReplayedWork : public RecordedWork {
 public:
  explicit ReplayedWork(std::function<void()> work) : work_(std::move(work)) {}
  void replay() override { work_(); }

 private:
  std::function<void()> work_;
};

/// Counts what is recorded, where `recorded` is given.
inline Recorder replayed_work(int* recorded = nullptr) {
  return [recorded](const std::function<void()>& work) {
    if (recorded != nullptr) ++*recorded;
    return std::make_unique<ReplayedWork>(work);
  };
}

}  // namespace limbeck
