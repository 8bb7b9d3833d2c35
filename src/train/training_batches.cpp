#include "train/training_batches.h"

#include <ATen/ops/zeros.h>

namespace limbeck {

void TrainingBatches::prepare(int64_t epoch) {
  if (epoch == ordered_) return;
  order_ = examples_.order(seed_, epoch);
  ordered_ = epoch;
}

Batch TrainingBatches::batch(int64_t epoch, int64_t step) {
  prepare(epoch);
  const int64_t begin = step * batch_size_;
  return examples_.batch(order_.slice(0, begin, begin + batch_size_), augmenter_, seed_, drawing(epoch));
}

Batch TrainingBatches::sample() const {
  return examples_.batch(at::zeros({1}, examples_.ids().options()));
}

}  // namespace limbeck
