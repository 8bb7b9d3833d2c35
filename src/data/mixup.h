#pragma once
// Mixup (Zhang et al. 2018, "mixup: beyond empirical risk minimization"): each example is mixed with another one.
//   input = λ x_i + (1 − λ) x_j,  λ ~ Beta(α, α)      loss = λ L(y_i) + (1 − λ) L(y_j)
// The partner j, uniform over the set, and λ are drawn from (seed, epoch, id of i); the partner has its own view of
// that epoch. Inputs are mixed as floats, after scaling and after all other augmentations, regardless of the position
// of `mixup` in the recipe. α = 1 draws λ uniformly from [0, 1], as in Beyer et al. 2022 (function matching).
//
//   augment: { crop: 4, flip: true, mixup: 0.2 }

#include <ATen/core/Tensor.h>

#include "data/augmentation.h"

namespace limbeck {

/// As an augmentation of a single example, it has one view, the image itself.
class Mixup : public Augmentation {
 public:
  explicit Mixup(double alpha) : alpha_(alpha) {}

  int64_t view_count() const override { return 1; }
  at::Tensor apply(const at::Tensor& images, const at::Tensor&) const override { return images; }

  /// Draws partners and λ for the examples with these ids [N], in a set of `examples` examples.
  Mixing draw(const at::Tensor& ids, int64_t examples, uint64_t seed, int64_t epoch) const;

 private:
  double alpha_;  // of the Beta distribution
};

}  // namespace limbeck
