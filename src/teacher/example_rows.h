#pragma once
// Where a table has its examples, found by their ids.
//
//   const ExampleRows rows(ids);          // row i is of ids[i]
//   table.index_select(0, rows.of(batch.ids));
#include <torch/types.h>

namespace limbeck {

class ExampleRows {
 public:
  /// ids [n] int64, not negative.
  explicit ExampleRows(const torch::Tensor& ids);
  /// ids [N] int64 → rows [N] int64 on the CPU; an id that is not in the table is an Error.
  torch::Tensor of(const torch::Tensor& ids) const;

 private:
  torch::Tensor row_of_;  ///< [largest id + 1] int64 on the CPU; −1: not there
};

}  // namespace limbeck
