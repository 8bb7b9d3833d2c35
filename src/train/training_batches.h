#pragma once
// The training batches of a stage, by epoch and step.
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

#include <algorithm>

#include "data/example_set.h"

namespace limbeck {

/// One of several processes that divide each batch: they take consecutive parts of it, in their order.
struct BatchShare {
  int64_t rank = 0, ranks = 1;
};

class TrainingBatches {
 public:
  /// `cycle`: number of epochs after which the views repeat; 0: never. Examples and augmenter must outlive this.
  TrainingBatches(const ExampleSet& examples, const Augmenter& augmenter, uint64_t seed, int64_t batch_size,
                  int64_t cycle, BatchShare share = {})
      : examples_(examples),
        augmenter_(augmenter),
        seed_(seed),
        batch_size_(batch_size),
        cycle_(cycle),
        share_(share),
        has_unlabelled_(examples.labels().lt(0).any().item<bool>()) {}

  int64_t per_epoch() const { return (examples_.size() + batch_size_ - 1) / batch_size_; }
  int64_t batch_size() const { return batch_size_; }
  /// Returns the number of examples in the first `steps` batches of an epoch.
  int64_t examples_in(int64_t steps) const { return std::min(examples_.size(), steps * batch_size_); }
  int64_t cycle() const { return cycle_; }
  /// Returns the first epoch with the same views as this one.
  int64_t drawing(int64_t epoch) const { return cycle_ > 0 ? epoch % cycle_ : epoch; }
  const ExampleSet& examples() const { return examples_; }
  /// Whether some examples have no label.
  bool has_unlabelled() const { return has_unlabelled_; }
  /// Whether a batch of so many examples is divided: not if there are fewer than processes.
  bool is_divided(int64_t size) const { return share_.ranks > 1 && size >= share_.ranks; }

  /// Returns this process's part of the batch, if it is divided, else all of it.
  Batch batch(int64_t epoch, int64_t step);
  /// Finds the order of an epoch, which its first batch does otherwise. Captured work keeps reading the same memory.
  void prepare(int64_t epoch);
  /// Returns the batch of the prepared epoch at step [1] int64, a tensor of the device of the examples, without
  /// waiting for it. `size`: of this batch; `drawing`: of the prepared epoch.
  Batch queued_batch(const at::Tensor& step, int64_t size, const Epoch& drawing) const;
  /// Returns a batch of one example, without augmentation.
  Batch sample() const;

 private:
  /// Copies rows of values [k, n] in the order of the epoch to a table [steps, k, batch size] in memory that stays.
  void set_table(at::Tensor& table, const at::Tensor& values) const;

  const ExampleSet& examples_;
  const Augmenter& augmenter_;
  uint64_t seed_;
  int64_t batch_size_;
  int64_t cycle_;
  BatchShare share_;
  bool has_unlabelled_;
  at::Tensor order_;  ///< example order of epoch `ordered_`
  int64_t ordered_ = -1;
  // On a device: for each step, ids and labels of its examples and of their partners, and their mixtures.
  at::Tensor examples_of_steps_, partners_of_steps_, draws_of_steps_;
};

}  // namespace limbeck
