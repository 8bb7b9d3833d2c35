#pragma once
// The random numbers of core/random.h by tensor operations, for devices on which nothing may be read on the host.
// Words of 32 bits stand in int64 tensors.
#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

namespace limbeck {

/// A counter and a key of Philox4x32-10 (Salmon et al. 2011) → its four words, each of the shape of the counter's.
std::array<at::Tensor, 4> plain_philox(std::array<at::Tensor, 4> counter, uint64_t seed);

/// The low 32 bits.
at::Tensor low_word(const at::Tensor& x);

/// floor(x · factor / 2^32) of words x, where factor is at most 2^32.
at::Tensor multiply_high(const at::Tensor& x, int64_t factor);

/// floor((high · 2^32 + low) · count / 2^64) of words high and low, where count is at most 2^62.
at::Tensor multiply_high_wide(const at::Tensor& high, const at::Tensor& low, int64_t count);

}  // namespace limbeck
