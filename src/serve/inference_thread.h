#pragma once
// One thread that does all arithmetic on tensors, whoever asks: LibTorch's threads belong to the thread that calls it,
// and each of a server's threads would have its own.
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
  /// Ends after the work that is under way; what still waits is dropped.
  ~InferenceThread();

  /// What `work` returns or throws.
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
