#pragma once
// Training steps that are queued on a device, which the host does not wait for: small networks on a GPU take less time
// than the host needs to launch their kernels. Everything that changes from step to step is memory of the device
// (order of the examples, number of the step, epoch, learning rates, weights of the losses, sums), so that a whole step
// is captured once for a stage and then launched as one graph. Where the student cannot be captured, batch and
// teacher's pass are.
//
// The capture reads and writes memory that must stay where it is: parameters, optimizer's state, tables of an epoch.
#include <ATen/core/Tensor.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "device/operators.h"
#include "train/training_step.h"

namespace limbeck {

/// What a step begins with.
struct TaughtBatch {
  Batch batch;
  TeacherOutputs teacher;
};

class DeviceStep : public TrainingStep {
 public:
  explicit DeviceStep(const StepSetup& setup);

  void begin_epoch(int64_t epoch, int64_t step) override;
  void operator()() override;
  bool is_due() const override { return queued_ >= settle_after_; }
  std::optional<StepFailure> settle() override;

 private:
  using Clock = std::chrono::steady_clock;

  /// Queues the kernels of one step, of a batch of so many examples: first these and the teacher's pass, then the rest.
  void queue(int64_t size) { queue_learning(queue_batch(size)); }
  TaughtBatch queue_batch(int64_t size);
  void queue_learning(const TaughtBatch& taught);
  /// Makes the copies in bfloat16 of the parameters whose products are computed with them.
  std::vector<at::Tensor> make_rounded() const;
  void write_rounded();
  /// Hands the gradients of the rounded copies to the parameters.
  void take_gradients();

  StepSetup setup_;
  std::vector<std::string> taps_;
  std::vector<at::Tensor> rounded_;  ///< per parameter of the network; undefined: not rounded; empty: none is
  at::Tensor epoch_, drawing_;       ///< [] int64
  at::Tensor weights_;               ///< [steps, terms + 1] float32: of the losses; epochs done
  StepSums sums_;
  CapturedWork whole_;  ///< the step of a full batch
  CapturedWork first_;  ///< or its first part, which gives `full_`
  TaughtBatch full_;

  int64_t epoch_number_ = 0;
  int64_t step_ = 0;  ///< the next one
  int64_t queued_ = 0, settle_after_ = 1;
  Clock::time_point settled_;
};

}  // namespace limbeck
