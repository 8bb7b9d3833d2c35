#include "train/training_batches.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

namespace limbeck {

void TrainingBatches::prepare(int64_t epoch) {
  if (epoch == ordered_) return;
  order_ = examples_.order(seed_, epoch);
  ordered_ = epoch;
  if (order_.is_cpu()) return;
  const auto rows = [](const LabelledIds& of) { return at::stack({of.ids, of.labels}); };
  const LabelledIds in_order = examples_.rows_at(order_);
  set_table(examples_of_steps_, rows(in_order));
  if (!augmenter_.mixes()) return;
  const Mixing all = augmenter_.draw_mixing(in_order.ids, examples_.size(), seed_, drawing(epoch));
  set_table(partners_of_steps_, rows(examples_.rows_at(all.partners)));
  set_table(draws_of_steps_, all.draws.t());
}

void TrainingBatches::set_table(at::Tensor& table, const at::Tensor& values) const {
  const at::Tensor padded = at::zeros({values.size(0), per_epoch() * batch_size_}, values.options());
  padded.slice(1, 0, values.size(1)).copy_(values);
  const at::Tensor by_step = padded.reshape({values.size(0), per_epoch(), batch_size_}).transpose(0, 1);
  if (table.defined())
    table.copy_(by_step);
  else
    table = by_step.contiguous();
}

Batch TrainingBatches::batch(int64_t epoch, int64_t step) {
  prepare(epoch);
  const int64_t begin = examples_in(step), size = examples_in(step + 1) - begin;
  const auto bound = [&](int64_t rank) { return begin + size * rank / share_.ranks; };
  const at::Tensor positions = is_divided(size) ? order_.slice(0, bound(share_.rank), bound(share_.rank + 1))
                                                : order_.slice(0, begin, begin + size);
  return examples_.batch(positions, augmenter_, seed_, drawing(epoch));
}

Batch TrainingBatches::queued_batch(const at::Tensor& step, int64_t size, const Epoch& drawing) const {
  const auto rows = [&](const at::Tensor& table) { return table.index_select(0, step)[0].slice(1, 0, size); };
  const auto examples = [&](const at::Tensor& table) {
    const at::Tensor of = rows(table);
    return LabelledIds{of[0], of[1]};
  };
  if (!augmenter_.mixes()) return examples_.batch(examples(examples_of_steps_), augmenter_, seed_, drawing, {}, {});
  return examples_.batch(examples(examples_of_steps_), augmenter_, seed_, drawing, examples(partners_of_steps_),
                         rows(draws_of_steps_).t());
}

Batch TrainingBatches::sample() const {
  return examples_.batch(at::zeros({1}, examples_.ids().options()));
}

}  // namespace limbeck
