#include "teacher/view_accuracy.h"

#include <ATen/TensorOperators.h>

#include <algorithm>

namespace limbeck {

ViewAccuracy view_accuracy(const Teacher& teacher, const ExampleSet& examples, const Augmenter& augmenter,
                           uint64_t seed) {
  constexpr int64_t kMost = 500, kBatch = 100;
  ViewAccuracy found;
  if (augmenter.empty() || augmenter.mixes() || augmenter.view_count() == 1) return found;
  const at::Tensor order = examples.order(seed, 0);
  const at::Tensor labelled = order.index_select(0, examples.labels().index_select(0, order).ge(0).nonzero().flatten());
  found.examples = std::min(kMost, labelled.size(0));
  if (found.examples == 0) return found;
  const auto right_of = [&](const Batch& batch) {
    return teacher.live().outputs(batch).logits.argmax(1).eq(batch.labels).sum().item<int64_t>();
  };
  for (const at::Tensor& positions : labelled.slice(0, 0, found.examples).split(kBatch)) {
    found.right += right_of(examples.batch(positions));
    found.right_in_views += right_of(examples.batch(positions, augmenter, seed, 0));
  }
  return found;
}

}  // namespace limbeck
