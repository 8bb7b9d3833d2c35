#pragma once
// Counts the multiply-adds of a pass by observing LibTorch's operations, for networks that are not graphs.
//
//   const auto count = count_multiply_adds([&] { module.forward({inputs}); });   // of the whole batch
#include <cstdint>
#include <functional>
#include <optional>

namespace limbeck {

/// Multiply-adds of the convolutions and matrix products that `pass` runs through LibTorch on this thread. nullopt
/// where it runs an operation that multiplies without saying how much, such as quantised and fused ones.
std::optional<int64_t> count_multiply_adds(const std::function<void()>& pass);

}  // namespace limbeck
