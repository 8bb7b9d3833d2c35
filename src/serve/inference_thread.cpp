#include "serve/inference_thread.h"

#include "experiment/device.h"
#include "experiment/experiment.h"

namespace limbeck {

InferenceThread::InferenceThread() : thread_([this] { loop(); }) {}

InferenceThread::~InferenceThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  thread_.join();
}

void InferenceThread::add(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(work));
  }
  changed_.notify_all();
}

void InferenceThread::loop() {
  use_threads(0);
  for (;;) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    work();
  }
}

}  // namespace limbeck
