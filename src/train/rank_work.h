#pragma once
// What a rank does in a training step of several processes (ranks/ranks.h). The batch is the same as in one process;
// each rank computes its part of it, and the ranks sum their gradients, so that they compute what one process does, up
// to the order of sums. Batch norm takes the statistics of each rank's part, or, with sync_batch_norm, of the whole
// batch; running statistics are the mean over the ranks, weighted by their examples.
//
// A loss that is a mean over examples is computed on each part, weighted by the part's share of the examples, or of the
// labels. If one of the losses compares examples with each other (LossNeeds::compares_examples), outputs are joined
// from all ranks instead, each rank computes all losses on the whole batch, and takes the gradient of its own rows.
//
// A batch of fewer examples than ranks is computed by all of them; rank 0's gradients count.
#include <memory>
#include <utility>
#include <vector>

#include "loss/objective.h"
#include "nn/network.h"
#include "ranks/ranks.h"
#include "train/epoch_sums.h"
#include "train/optimizer.h"
#include "train/training_batches.h"

namespace limbeck {

/// What a rank asks for between two steps, and what all ranks agreed to do.
struct RankWishes {
  bool stop = false;  ///< one of the ranks was told to stop
  bool save = false;  ///< rank 0 wants to save a checkpoint
};

class RankWork {
 public:
  /// `losses`: the parameters of the objective; everything must outlive this.
  RankWork(Ranks& ranks, const Objective& objective, const Optimizer& optimizer, const std::vector<Parameter>& losses,
           const Network& network, const TrainingBatches& batches, bool sync_batch_norm);
  ~RankWork();

  /// Begins the step of `batch`, this rank's part.
  void begin_step(int64_t step, const Batch& batch);

  /// Whether the losses are computed on the whole batch, from joined outputs.
  bool joins() const { return joins_ && is_divided_; }
  Outputs joined(const Outputs& student) const;
  TeacherOutputs joined(const TeacherOutputs& teacher) const;
  Targets joined(const Targets& targets) const;
  /// The weights with which this rank's terms are summed to those of the batch.
  TermWeights shared(const TermWeights& weights, const std::vector<bool>& needs_labels) const;
  /// What batch norm sums its statistics with, if it takes those of the whole batch; else nullptr.
  const SumOverProcesses* batch_norm_sum() const { return syncs_batch_norm_ && is_divided_ ? &sum_ : nullptr; }
  /// The number of examples of which the total of this rank is a mean.
  double loss_examples() const;

  /// Begin and end a backward pass: gradients are summed while it goes on.
  void begin_pass();
  void finish_pass();

  /// Ends the step: sums the values of the step [k] float64 over the ranks, averages running statistics, and agrees on
  /// what to do next.
  at::Tensor finish_step(const at::Tensor& sums, const RankWishes& wishes);
  const RankWishes& agreed() const { return agreed_; }
  /// Seconds in which this rank waited for sums, so far.
  double waited() const { return waited_; }

 private:
  struct Bucket;
  void begin_sums();
  void take(size_t parameter, const at::Tensor& gradient);
  /// The parameter's place in its bucket, in its shape.
  at::Tensor values_of(size_t parameter) const;
  /// Whether this rank's gradients of the parameter count.
  bool counts(size_t parameter) const;

  Ranks& ranks_;
  const Optimizer& optimizer_;
  const TrainingBatches& batches_;
  std::vector<Parameter> buffers_;  ///< floating-point running statistics
  std::vector<bool> is_loss_;       ///< per parameter
  bool joins_ = false, needs_labels_ = false, syncs_batch_norm_ = false;
  SumOverProcesses sum_;

  // Of the step.
  bool is_divided_ = false;
  int64_t examples_ = 0, own_ = 0;
  double share_ = 0, label_share_ = 0;

  // Of the pass.
  std::vector<std::unique_ptr<Bucket>> buckets_;    ///< in the order in which the backward pass fills them
  std::vector<std::pair<size_t, int64_t>> places_;  ///< per parameter: its bucket, and where it begins there
  at::Tensor received_;         ///< [parameters], at the end of the last bucket: the ranks that have a gradient
  at::Tensor has_gradient_;     ///< [parameters], on the CPU: whether this rank has one; after the sum, whether any has
  std::vector<bool> is_taken_;  ///< per parameter
  std::vector<unsigned> hooks_;
  bool is_passing_ = false;
  size_t begun_ = 0;  ///< buckets whose sums have begun
  RankWishes agreed_;
  double waited_ = 0;
};

}  // namespace limbeck
