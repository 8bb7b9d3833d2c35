#pragma once
// Element-wise updates in one parallel pass over memory. Other devices and types use plain tensor operations, which are
// the reference for this pass.
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include <array>

namespace limbeck {

/// Whether all tensors are contiguous float32 on the CPU.
template <class... Tensors>
bool can_fuse_update(const Tensors&... tensors) {
  return ((tensors.is_cpu() && tensors.scalar_type() == at::kFloat && tensors.is_contiguous()) && ...);
}

/// Calls body(begin, end) in parallel for ranges that cover `count` elements, each on one thread.
template <class Body>
void for_each_range(int64_t count, const Body& body) {
  constexpr int64_t kSmallest = 1 << 16;  // a second thread is not worth waking for less
  at::parallel_for(0, count, kSmallest, body);
}

}  // namespace limbeck
