#pragma once
// Counter-based dropout: masks are a function of (seed, epoch, id, unit).

#include <ATen/core/Tensor.h>

#include "kernels/noise.h"
#include "limbeck/operation.h"

namespace limbeck {

/// Returns the drop threshold in units of 2⁻¹⁶: an element is kept if its 16 random bits are at least this.
uint32_t drop_threshold(double probability);

/// Returns the mask [N, units] bool, true: kept. Runs on any device, with tensor operations only; the reference
/// implementation of drop_row.
at::Tensor keep_mask(const Dropout& dropout, const Noise& noise, int64_t units);

/// Computes the same mask for one example on the CPU: writes `units` factors, 0 or 1 / (1 − probability).
void drop_row(const Dropout& dropout, uint64_t seed, int64_t epoch, int64_t id, int64_t units, float* factors);

/// Returns x · mask / (1 − probability), x [N, …].
at::Tensor dropout(const at::Tensor& x, const Dropout& dropout, const Noise& noise);

}  // namespace limbeck
