#include "teacher/example_rows.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>

#include "core/error.h"

namespace limbeck {

void check_ids(const at::Tensor& ids, const std::string& where, int64_t count) {
  const at::Tensor sorted = std::get<0>(ids.sort());
  const int64_t low = sorted[0].item<int64_t>(), high = sorted[-1].item<int64_t>();
  if (low < 0 || high >= count)
    throw Error(fmt::format("'{}' has the ids {} to {}; the training split has 0 to {}", where, low, high, count - 1));
  const at::Tensor twice = sorted.slice(0, 1).eq(sorted.slice(0, 0, -1)).nonzero();
  if (twice.size(0) > 0)
    throw Error(fmt::format("'{}' has the id {} twice", where, sorted[twice[0][0].item<int64_t>()].item<int64_t>()));
}

ExampleRows::ExampleRows(const at::Tensor& ids) {
  const at::Tensor on_host = ids.to(at::kCPU);
  row_of_ = at::full({on_host.max().item<int64_t>() + 1}, -1, on_host.options());
  row_of_.index_put_({on_host}, at::arange(on_host.size(0), on_host.options()));
}

at::Tensor ExampleRows::of(const at::Tensor& ids) const {
  const at::Tensor on_host = ids.to(at::kCPU).contiguous();
  at::Tensor rows = at::empty_like(on_host);
  const auto *id = on_host.data_ptr<int64_t>(), *row_of = row_of_.data_ptr<int64_t>();
  auto* row = rows.data_ptr<int64_t>();
  for (int64_t i = 0; i < on_host.size(0); ++i) {
    row[i] = id[i] < row_of_.size(0) ? row_of[id[i]] : -1;
    if (row[i] < 0) throw Error(fmt::format("the teacher's outputs are not known for example {}", id[i]));
  }
  return rows;
}

at::Tensor ExampleRows::on_device_of(const at::Tensor& ids) const {
  if (!on_device_.defined() || on_device_.device() != ids.device()) on_device_ = row_of_.to(ids.device());
  return on_device_.index_select(0, ids);
}

}  // namespace limbeck
