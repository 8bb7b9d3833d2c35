#pragma once
// The examples of one training step.
#include <ATen/core/Tensor.h>

namespace limbeck {

struct Batch {
  at::Tensor inputs;  ///< [N, …] float32, scaled and augmented
  at::Tensor labels;  ///< [N] int64; −1: unlabelled
  at::Tensor ids;     ///< [N] int64, the example's place in its split
  at::Tensor views;   ///< [N] int64, which augmentation each was given; 0 throughout where there is none
  int64_t draw = 0;   ///< which drawing of views this is: the epoch

  at::Tensor
      partner_labels;  ///< [N] int64, of the examples that these are mixed with; undefined where nothing is mixed
  at::Tensor mix;      ///< [N] float32, λ, the example's own share; undefined where nothing is mixed

  int64_t size() const { return ids.size(0); }
};

}  // namespace limbeck
