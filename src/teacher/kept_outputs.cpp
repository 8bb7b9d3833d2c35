#include "teacher/kept_outputs.h"

#include <torch/types.h>

#include <algorithm>

namespace limbeck {

KeptOutputs::KeptOutputs(const Teacher& teacher, const ExampleSet& examples) {
  constexpr int64_t kBatch = 1000;
  std::vector<torch::Tensor> parts;
  for (int64_t first = 0; first < examples.size(); first += kBatch) {
    const int64_t end = std::min(first + kBatch, examples.size());
    TeacherOutputs outputs = teacher.outputs(examples.batch(torch::arange(first, end, examples.ids().options())));
    if (!outputs.features.empty()) throw Error("features of a teacher cannot be kept; use `outputs: live`");
    parts.push_back(outputs.logits);
  }
  logits_ = torch::cat(parts);
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
