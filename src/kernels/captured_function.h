#pragma once
// A function of tensors whose operations a device records once and then launches as one. A small network on a GPU is
// bound by the launch of its kernels, not by them; a recording takes that time away.
//
//   using Tensors = std::vector<at::Tensor>;
//   const auto forward = [&](const Tensors& x) { return Tensors{network.forward(x[0], {}).logits}; };
//   CapturedFunction step(forward, cuda_graphs());
//   at::Tensor logits = step({images})[0];   // overwritten by the next call

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace limbeck {

/// Work that was recorded.
class RecordedWork {
 public:
  virtual ~RecordedWork() = default;
  /// Does the work again: the same operations on the same memory.
  virtual void replay() = 0;
};

/// Records what `work` does on a device, without the device doing it. Throws where it cannot be recorded: where the
/// work waits for the device, say. Empty: nothing is recorded.
using Recorder = std::function<std::unique_ptr<RecordedWork>(const std::function<void()>& work)>;

/// Records until a recording fails once, which it reports with the reason. From then on it refuses, since a recording
/// that was aborted may have left the device's allocator in a state in which others fail. All copies share this.
Recorder until_failure(Recorder recorder, std::function<void(const std::string& reason)> tell);

class CapturedFunction {
 public:
  using Tensors = std::vector<at::Tensor>;  ///< undefined ones stand for what there is not; none asks for a gradient
  using Function = std::function<Tensors(const Tensors&)>;

  /// All that the function depends on beside its arguments has to stay where it is in memory, and every host value that
  /// it reads has to stay the same; where that ends, forget().
  CapturedFunction(Function function, Recorder recorder)
      : function_(std::move(function)), recorder_(std::move(recorder)) {}
  CapturedFunction(const CapturedFunction&) = delete;
  CapturedFunction& operator=(const CapturedFunction&) = delete;

  /// What the function gives for these arguments. The first call with tensors of these shapes, types and devices runs
  /// it, since libraries set themselves up at first use; the second records it; all others replay. Results of a replay
  /// are overwritten by the next call. A call with other shapes in between (the last batch of an epoch) is run as it
  /// is; two of them in a row begin anew. What cannot be recorded is run always.
  Tensors operator()(const Tensors& arguments);

  /// The next call runs the function again.
  void forget();

 private:
  void record(const Tensors& arguments);

  Function function_;
  Recorder recorder_;
  Tensors inputs_;  ///< the arguments of the first call; once recorded, the memory that the recording reads
  Tensors others_;  ///< the arguments of the last call, where they were unlike those
  Tensors results_;
  std::unique_ptr<RecordedWork> recording_;
};

}  // namespace limbeck
