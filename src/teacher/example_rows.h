#pragma once
// Maps example ids to rows of a table.
//
//   const ExampleRows rows(ids);          // row i belongs to ids[i]
//   table.index_select(0, rows.of(batch.ids));
#include <ATen/core/Tensor.h>

#include <string>

namespace limbeck {

/// Throws Error if ids [n] of integers, those of `where`, are not different numbers of {0, …, count − 1}.
void check_ids(const at::Tensor& ids, const std::string& where, int64_t count);

class ExampleRows {
 public:
  /// ids [n] int64, not negative.
  explicit ExampleRows(const at::Tensor& ids);
  /// ids [N] int64 → rows [N] int64 on the CPU. Throws Error for an id that is not in the table.
  at::Tensor of(const at::Tensor& ids) const;
  /// Same on the device of the ids, without waiting for it; every id must be in the table.
  at::Tensor on_device_of(const at::Tensor& ids) const;

 private:
  at::Tensor row_of_;             ///< [largest id + 1] int64 on the CPU; −1: not in the table
  mutable at::Tensor on_device_;  ///< the same where on_device_of() was asked last
};

}  // namespace limbeck
