#include "teacher/example_rows.h"

#include <torch/types.h>

#include "core/error.h"

namespace limbeck {

ExampleRows::ExampleRows(const torch::Tensor& ids) {
  const torch::Tensor on_host = ids.to(torch::kCPU);
  row_of_ = torch::full({on_host.max().item<int64_t>() + 1}, -1, on_host.options());
  row_of_.index_put_({on_host}, torch::arange(on_host.size(0), on_host.options()));
}

torch::Tensor ExampleRows::of(const torch::Tensor& ids) const {
  const torch::Tensor on_host = ids.to(torch::kCPU).contiguous();
  torch::Tensor rows = torch::empty_like(on_host);
  const auto *id = on_host.data_ptr<int64_t>(), *row_of = row_of_.data_ptr<int64_t>();
  auto* row = rows.data_ptr<int64_t>();
  for (int64_t i = 0; i < on_host.size(0); ++i) {
    row[i] = id[i] < row_of_.size(0) ? row_of[id[i]] : -1;
    if (row[i] < 0) throw Error(fmt::format("the teacher's outputs are not known for example {}", id[i]));
  }
  return rows;
}

}  // namespace limbeck
