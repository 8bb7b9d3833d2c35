#pragma once
#include <ATen/core/Tensor.h>

#include "core/hash.h"

namespace limbeck {

/// Adds a tensor's content and shape, wherever it lies.
inline void add_to(Hasher& hasher, const at::Tensor& tensor) {
  const at::Tensor bytes = tensor.to(at::kCPU).contiguous();
  hasher.add(bytes.data_ptr(), bytes.nbytes());
  hasher.add(bytes.sizes().data(), bytes.sizes().size() * sizeof(int64_t));
}

}  // namespace limbeck
