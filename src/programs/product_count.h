#pragma once
// Counts the multiply-adds of a forward pass by observing LibTorch's operations, for networks that are not graphs.
//
//   const auto count = count_multiply_adds([&] { module.forward({inputs}); });   // of the whole batch
#include <cstdint>
#include <functional>
#include <optional>

namespace limbeck {

/// Returns the multiply-adds of the convolutions and matrix products that `pass` runs through LibTorch on this thread;
/// nullopt if it runs multiplications that cannot be counted, such as quantized and fused operations.
std::optional<int64_t> count_multiply_adds(const std::function<void()>& pass);

}  // namespace limbeck
