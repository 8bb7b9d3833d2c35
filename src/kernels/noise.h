#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>

#include "device/epoch.h"

namespace limbeck {

/// The inputs of random operations (dropout) in a training pass.
struct Noise {
  uint64_t seed = 0;
  Epoch epoch = 0;
  at::Tensor ids;  ///< [N] int64, ids of the examples in the batch
};

}  // namespace limbeck
