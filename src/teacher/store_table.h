#pragma once
// A table of a teacher store: one tensor [n, S, …], by example and slot, or several of them one after the other, each
// with a part of the examples.
//
//   StoreTable table;
//   table.add(logits_of_first_half);    // [25000, 4, 10]
//   table.add(logits_of_second_half);   // [25000, 4, 10]
//   table.at(rows, slots);              // [N, 10]
#include <ATen/core/Tensor.h>

#include <vector>

namespace limbeck {

class StoreTable {
 public:
  /// Appends a part [n, S, …]: contiguous, on the CPU, not empty, of the type and shape of the others but for n.
  void add(at::Tensor part);
  /// rows, slots [N] int64 → copies of these entries [N, …]. Throws Error if there is no such entry.
  at::Tensor at(const at::Tensor& rows, const at::Tensor& slots) const;
  const std::vector<at::Tensor>& parts() const { return parts_; }
  /// The only part, in which entries can be changed.
  const at::Tensor& only() const { return parts_.at(0); }

 private:
  std::vector<at::Tensor> parts_;
  std::vector<int64_t> ends_;  ///< number of rows up to and with each part
};

}  // namespace limbeck
