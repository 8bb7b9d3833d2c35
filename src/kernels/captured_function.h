#pragma once
// A function of tensors whose operations are captured once and then launched as one graph. Small networks on a GPU are
// bound by kernel launches; replaying a capture avoids this overhead.
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

class CapturedFunction {
 public:
  using Tensors = std::vector<at::Tensor>;  ///< undefined tensors stand for absent values; none requires a gradient
  using Function = std::function<Tensors(const Tensors&)>;

  /// Everything that the function depends on besides its arguments must stay at the same memory address, and every host
  /// value that it reads must stay the same; if that changes, call forget().
  CapturedFunction(Function function, Recorder recorder)
      : function_(std::move(function)), recorder_(std::move(recorder)) {}
  CapturedFunction(const CapturedFunction&) = delete;
  CapturedFunction& operator=(const CapturedFunction&) = delete;

  /// Returns the function's results. The first call with tensors of these shapes, types and devices runs the function,
  /// since libraries initialize themselves on first use; the second captures it; later calls replay the capture.
  /// Results of a replay are overwritten by the next call. A single call with other shapes (the last batch of an epoch)
  /// is run directly; two in a row start over. If capture fails, the function is always run directly.
  Tensors operator()(const Tensors& arguments);

  /// Discards the capture; the next call runs the function again.
  void forget();

 private:
  void record(const Tensors& arguments);

  Function function_;
  Recorder recorder_;
  Tensors inputs_;  ///< arguments of the first call; once captured, the memory that the graph reads
  Tensors others_;  ///< arguments of the last call, if their shapes differed
  Tensors results_;
  std::unique_ptr<RecordedWork> recording_;
};

}  // namespace limbeck
