#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace limbeck {

/// What the random parts of a training pass are functions of.
struct Noise {
  uint64_t seed = 0;
  int64_t epoch = 0;
  at::Tensor ids;  ///< [N] int64, of the examples in the batch
};

}  // namespace limbeck
