#pragma once
// Finds the rows of examples in a table by their ids.
//
//   const ExampleRows rows(ids);          // row i is of ids[i]
//   table.index_select(0, rows.of(batch.ids));
#include <ATen/core/Tensor.h>

namespace limbeck {

class ExampleRows {
 public:
  /// ids [n] int64, not negative.
  explicit ExampleRows(const at::Tensor& ids);
  /// ids [N] int64 → rows [N] int64 on the CPU; an id that is not in the table is an Error.
  at::Tensor of(const at::Tensor& ids) const;

 private:
  at::Tensor row_of_;  ///< [largest id + 1] int64 on the CPU; −1: not there
};

}  // namespace limbeck
