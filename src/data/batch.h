#pragma once
// A batch: the examples of one training step.
#include <ATen/core/Tensor.h>

namespace limbeck {

struct Batch {
  at::Tensor inputs;  ///< [N, …] float32, scaled and augmented
  at::Tensor labels;  ///< [N] int64; −1: unlabelled
  at::Tensor ids;     ///< [N] int64, index of the example in its split
  at::Tensor views;   ///< [N] int64, view (augmented version) of each example; all 0 without augmentation
  int64_t draw = 0;   ///< epoch for which the views were drawn

  at::Tensor partner_labels;  ///< [N] int64, labels of the partners that were mixed in; undefined: nothing is
  at::Tensor mix;             ///< [N] float32, λ, the weight of the example itself; undefined: 1

  int64_t size() const { return ids.size(0); }
};

}  // namespace limbeck
