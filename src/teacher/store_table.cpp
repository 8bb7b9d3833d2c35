#include "teacher/store_table.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>

#include "core/error.h"

namespace limbeck {

void StoreTable::add(at::Tensor part) {
  ends_.push_back((ends_.empty() ? 0 : ends_.back()) + part.size(0));
  parts_.push_back(std::move(part));
}

at::Tensor StoreTable::at(const at::Tensor& rows, const at::Tensor& slots) const {
  constexpr int64_t kBytesPerTask = 1 << 16;
  const at::Tensor& first = parts_.front();
  const int64_t slot_count = first.size(1);
  std::vector<int64_t> shape = first.sizes().slice(1).vec();
  shape[0] = rows.size(0);
  at::Tensor found = at::empty(shape, first.options());
  const auto bytes = static_cast<int64_t>(first.element_size()) * first.stride(1);
  const at::Tensor row_numbers = rows.contiguous(), slot_numbers = slots.contiguous();
  const auto *row = row_numbers.data_ptr<int64_t>(), *slot = slot_numbers.data_ptr<int64_t>();
  auto* to = static_cast<char*>(found.data_ptr());
  for (int64_t i = 0; i < rows.size(0); ++i)
    if (row[i] < 0 || row[i] >= ends_.back() || slot[i] < 0 || slot[i] >= slot_count)
      throw Error(fmt::format("a teacher store of {} examples with {} outputs each has no output {} of row {}",
                              ends_.back(), slot_count, slot[i], row[i]));
  at::parallel_for(0, rows.size(0), std::max<int64_t>(1, kBytesPerTask / std::max<int64_t>(1, bytes)),
                   [&](int64_t begin, int64_t end) {
                     for (int64_t i = begin; i < end; ++i) {
                       const auto part = std::upper_bound(ends_.begin(), ends_.end(), row[i]) - ends_.begin();
                       const int64_t before = part == 0 ? 0 : ends_[static_cast<size_t>(part) - 1];
                       const auto* from = static_cast<const char*>(parts_[static_cast<size_t>(part)].data_ptr());
                       std::memcpy(to + i * bytes, from + ((row[i] - before) * slot_count + slot[i]) * bytes,
                                   static_cast<size_t>(bytes));
                     }
                   });
  return found;
}

}  // namespace limbeck
