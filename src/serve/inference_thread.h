#pragma once
// A single thread for all tensor computations: LibTorch creates a thread pool for each calling thread, so every server
// thread would otherwise have its own.
//
//   InferenceThread inference;
//   const at::Tensor logits = inference.run([&] { return network.forward(inputs, {}).logits; });
#include <ATen/core/Tensor.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>

namespace limbeck {

class InferenceThread {
 public:
  InferenceThread();
  /// Finishes the current task and discards queued ones.
  ~InferenceThread();

  /// Runs `work` on the inference thread, waits, and returns its result or rethrows its exception.
  template <class Work>
  auto run(Work work) -> decltype(work()) {
    const auto task = std::make_shared<std::packaged_task<decltype(work())()>>(std::move(work));
    auto result = task->get_future();
    add([task] { (*task)(); });
    return result.get();
  }

 private:
  void add(std::function<void()> work);
  void loop();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace limbeck
