#pragma once
// Mixup (Zhang et al. 2018, "mixup: beyond empirical risk minimization"): each example is mixed with another one.
//   input = λ x_i + (1 − λ) x_j,  λ ~ Beta(α, α)      loss = λ L(y_i) + (1 − λ) L(y_j)
// The partner j, any example of the set with equal probability, and λ are drawn from (seed, epoch, id of i); the
// partner shows the view that it has itself in that epoch. Inputs are mixed as floats, after scaling, when all other
// augmentations are done, wherever `mixup` stands among them. α = 1 draws λ evenly from 0 to 1, as Beyer et al. 2022 do
// to match the teacher's function.
//
//   augment: { crop: 4, flip: true, mixup: 0.2 }

#include <ATen/core/Tensor.h>

#include "data/augmentation.h"

namespace limbeck {

/// As an augmentation of one example it has a single view, the image itself.
class Mixup : public Augmentation {
 public:
  explicit Mixup(double alpha) : alpha_(alpha) {}

  int64_t view_count() const override { return 1; }
  at::Tensor apply(const at::Tensor& images, const at::Tensor&) const override { return images; }

  /// Of the examples with these ids [N], in a set of `examples`.
  Mixing draw(const at::Tensor& ids, int64_t examples, uint64_t seed, int64_t epoch) const;

 private:
  double alpha_;  // of the Beta distribution
};

}  // namespace limbeck
