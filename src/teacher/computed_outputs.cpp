#include "teacher/kept_outputs.h"

#include <torch/types.h>

namespace limbeck {

KeptOutputs::KeptOutputs(const Teacher& teacher, const ExampleSet& examples) {
  logits_ = over_batches(examples, [&](const Batch& batch) {
    const TeacherOutputs outputs = teacher.outputs(batch);
    if (!outputs.features.empty()) throw Error("features of a teacher cannot be kept; use `outputs: live`");
    return outputs.logits;
  });
  const torch::Tensor ids = examples.ids().to(torch::kCPU);
  row_of_ = torch::full({ids.max().item<int64_t>() + 1}, -1, ids.options());
  row_of_.index_put_({ids}, torch::arange(ids.size(0), ids.options()));
}

TeacherOutputs KeptOutputs::outputs(const Batch& batch) const {
  const torch::Tensor ids = batch.ids.to(torch::kCPU).contiguous();
  torch::Tensor rows = torch::empty_like(ids);
  const auto *id = ids.data_ptr<int64_t>(), *row_of = row_of_.data_ptr<int64_t>();
  auto* row = rows.data_ptr<int64_t>();
  for (int64_t i = 0; i < ids.size(0); ++i) {
    row[i] = id[i] < row_of_.size(0) ? row_of[id[i]] : -1;
    if (row[i] < 0) throw Error(fmt::format("the teacher's outputs were not kept for example {}", id[i]));
  }
  return {.logits = logits_.index_select(0, rows.to(logits_.device()))};
}

}  // namespace limbeck
