#include "teacher/kept_outputs.h"

#include <torch/types.h>

namespace limbeck {

KeptOutputs::KeptOutputs(const Teacher& teacher, const ExampleSet& examples) {
  logits_ = over_batches(examples, [&](const Batch& batch) {
    const TeacherOutputs outputs = teacher.outputs(batch);
    if (!outputs.features.empty()) throw Error("features of a teacher cannot be kept; use `outputs: live`");
    return outputs.logits;
  });
  row_of_ = torch::full({examples.ids().max().item<int64_t>() + 1}, -1, examples.ids().options());
  row_of_.index_put_({examples.ids()}, torch::arange(examples.size(), examples.ids().options()));
}

TeacherOutputs KeptOutputs::outputs(const Batch& batch) const {
  if (batch.ids.max().item<int64_t>() >= row_of_.size(0)) throw Error("the teacher's outputs were not kept for this example");
  const torch::Tensor rows = row_of_.index_select(0, batch.ids);
  if (rows.min().item<int64_t>() < 0) throw Error("the teacher's outputs were not kept for this example");
  return {.logits = logits_.index_select(0, rows)};
}

}  // namespace limbeck
