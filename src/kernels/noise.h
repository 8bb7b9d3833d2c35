#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace limbeck {

/// The inputs of random operations (dropout) in a training pass.
struct Noise {
  uint64_t seed = 0;
  int64_t epoch = 0;
  at::Tensor ids;  ///< [N] int64, ids of the examples in the batch
};

}  // namespace limbeck
