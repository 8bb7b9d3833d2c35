#pragma once
// Element-wise updates in one parallel pass over memory. On other devices and types the plain tensor operations serve;
// they are the oracle of this pass.
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include <array>

namespace limbeck {

/// True where all tensors are contiguous float32 on the CPU.
template <class... Tensors>
bool can_fuse_update(const Tensors&... tensors) {
  return ((tensors.is_cpu() && tensors.scalar_type() == at::kFloat && tensors.is_contiguous()) && ...);
}

/// Calls body(begin, end) for ranges that together cover `count` elements; each is done by one thread.
template <class Body>
void for_each_range(int64_t count, const Body& body) {
  constexpr int64_t kSmallest = 1 << 14;
  at::parallel_for(0, count, kSmallest, body);
}

}  // namespace limbeck
