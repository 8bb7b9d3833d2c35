#include "train/training_batches.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

namespace limbeck {

void TrainingBatches::prepare(int64_t epoch) {
  if (epoch == ordered_) return;
  order_ = examples_.order(seed_, epoch);
  ordered_ = epoch;
  if (order_.is_cpu()) return;
  set_table(positions_, order_);
  if (!augmenter_.mixes()) return;
  const at::Tensor ids = examples_.ids().index_select(0, order_);
  const Mixing all = augmenter_.draw_mixing(ids, examples_.size(), seed_, drawing(epoch));
  set_table(mixing_.partners, all.partners);
  set_table(mixing_.shares, all.shares);
}

void TrainingBatches::set_table(at::Tensor& table, const at::Tensor& values) const {
  if (!table.defined()) table = at::zeros({per_epoch(), batch_size_}, values.options());
  table.flatten().slice(0, 0, values.size(0)).copy_(values);
}

Batch TrainingBatches::batch(int64_t epoch, int64_t step) {
  prepare(epoch);
  const int64_t begin = step * batch_size_;
  return examples_.batch(order_.slice(0, begin, begin + batch_size_), augmenter_, seed_, drawing(epoch));
}

Batch TrainingBatches::queued_batch(const at::Tensor& step, int64_t size, const Epoch& drawing) const {
  const auto row = [&](const at::Tensor& table) { return table.index_select(0, step)[0].slice(0, 0, size); };
  Mixing mixing;
  if (mixing_.partners.defined()) mixing = {row(mixing_.partners), row(mixing_.shares)};
  return examples_.batch(row(positions_), augmenter_, seed_, drawing, mixing);
}

Batch TrainingBatches::sample() const {
  return examples_.batch(at::zeros({1}, examples_.ids().options()));
}

}  // namespace limbeck
