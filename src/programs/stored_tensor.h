#pragma once
// Tensors of files that store memory as bytes, and what of it is a tensor.
//
//   const StoredMemory memory(bytes);
//   at::Tensor weight = memory.tensor({.dtype = at::kFloat, .sizes = {3, 4}, .strides = {4, 1}});
#include <ATen/core/Tensor.h>

#include <string_view>

#include "limbeck/operation.h"

namespace limbeck {

/// How a tensor lies in its memory, in elements.
struct StoredPlace {
  at::ScalarType dtype = at::kFloat;
  Shape sizes;
  Shape strides;
  int64_t offset = 0;
};

/// A copy of the bytes, which the tensors in it share.
class StoredMemory {
 public:
  explicit StoredMemory(std::string_view bytes);
  /// Throws Error if a part of the tensor does not lie in the memory, or it has many more elements than that.
  at::Tensor tensor(const StoredPlace& place) const;

 private:
  at::Tensor bytes_;
};

}  // namespace limbeck
