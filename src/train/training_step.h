#pragma once
// The steps of training: batch, teacher, forward, objective, backward, update, sums. On the CPU, and in several
// processes, each step is complete when it returns (host_step.h); on other devices steps are queued (device_step.h).

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "kernels/captured_work.h"
#include "kernels/precision.h"
#include "loss/objective.h"
#include "nn/network.h"
#include "teacher/teacher.h"
#include "train/epoch_sums.h"
#include "train/optimizer.h"
#include "train/rank_work.h"
#include "train/schedule.h"
#include "train/training_batches.h"

namespace limbeck {

/// What a step works on; everything that is referenced must outlive it.
struct StepSetup {
  uint64_t seed = 0;
  double epochs = 0;  ///< of the whole training, for the schedule
  const Network& network;
  const Objective& objective;
  const Teacher* teacher = nullptr;  ///< nullptr: none
  const Schedule& schedule;
  Optimizer& optimizer;
  TrainingBatches& batches;
  EpochSums& sums;
  Precision precision = Precision::float32;
  Recorder recorder = {};                 ///< captures a step; empty: kernels are launched one by one
  Recorder teacher_recorder = {};         ///< without `recorder`: captures batch and teacher's pass alone
  std::function<void()> between = [] {};  ///< called now and then while an epoch is prepared; may throw
  RankWork* ranks = nullptr;              ///< of several processes; nullptr: one
  std::function<RankWishes()> wishes = [] { return RankWishes(); };  ///< of this one

  /// Number of epochs done before a step, with fraction.
  double epochs_done(int64_t epoch, int64_t step) const;
  double rate_factor(int64_t epoch, int64_t step) const;
};

/// A step whose loss was not finite.
struct StepFailure {
  int64_t step = 0;            ///< of the epoch
  std::vector<double> values;  ///< the total, then the terms of the objective
};

class TrainingStep {
 public:
  virtual ~TrainingStep() = default;
  /// Prepares an epoch, of which `step` steps are done.
  virtual void begin_epoch(int64_t epoch, int64_t step) = 0;
  /// Does the next step of the epoch, or queues it.
  virtual void operator()() = 0;
  /// Returns whether it is time to settle(): about ten times a second where steps are queued.
  virtual bool is_due() const = 0;
  /// Waits for all queued steps, and brings the sums up to date. Returns the first step of the epoch whose loss was not
  /// finite, if any; no parameter has been updated from there on.
  virtual std::optional<StepFailure> settle() = 0;
};

/// Outputs of forward and backward pass; gradients are in the parameters.
struct StepPasses {
  at::Tensor logits;                  ///< of the student, [N, C], without gradient
  at::Tensor values;                  ///< [1 + terms]: the total, if Objective::Value has one, then the terms
  std::vector<int64_t> needs_labels;  ///< per term: whether it is a mean over labelled examples
  int64_t networks = 1;               ///< number of networks in the ensemble; the total is their sum
};
/// Runs forward pass, objective and backward pass, without waiting for a device.
StepPasses run_passes(const StepSetup& setup, const Batch& batch, const TeacherOutputs& teacher,
                      const ForwardOptions& options, const TermWeights& weights);

/// Returns a HostStep for a network on the CPU, and for ranks; else a DeviceStep.
std::unique_ptr<TrainingStep> make_training_step(const StepSetup& setup);

}  // namespace limbeck
