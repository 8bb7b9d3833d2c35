#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace limbeck {

/// The arguments of the random parts (dropout) of a training pass.
struct Noise {
  uint64_t seed = 0;
  int64_t epoch = 0;
  at::Tensor ids;  ///< [N] int64, of the examples in the batch
};

}  // namespace limbeck
