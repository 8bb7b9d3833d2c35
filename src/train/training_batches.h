#pragma once
// The batches that a stage trains on, by epoch and step.
#include <ATen/core/Tensor.h>

#include "data/dataset.h"

namespace limbeck {

class TrainingBatches {
 public:
  /// `cycle`: after so many epochs the views of the first come again; 0: never. Examples and augmenter outlive it.
  TrainingBatches(const ExampleSet& examples, const Augmenter& augmenter, uint64_t seed, int64_t batch_size,
                  int64_t cycle)
      : examples_(examples), augmenter_(augmenter), seed_(seed), batch_size_(batch_size), cycle_(cycle) {}

  int64_t per_epoch() const { return (examples_.size() + batch_size_ - 1) / batch_size_; }
  int64_t cycle() const { return cycle_; }
  /// The first epoch with the views of this one.
  int64_t drawing(int64_t epoch) const { return cycle_ > 0 ? epoch % cycle_ : epoch; }

  Batch batch(int64_t epoch, int64_t step);
  /// One example, as it is without augmentation.
  Batch sample() const;

 private:
  const ExampleSet& examples_;
  const Augmenter& augmenter_;
  uint64_t seed_;
  int64_t batch_size_;
  int64_t cycle_;
  at::Tensor order_;  ///< of the epoch `ordered_`
  int64_t ordered_ = -1;
};

}  // namespace limbeck
