#pragma once
// Augmentations that mix each example with another one of the set, and so their labels:
//   loss = λ L(y_i) + (1 − λ) L(y_j)
// The partner j, uniform over the set, and what the mixture is made by are drawn from (seed, epoch, id of i); the
// partner has its own view of that epoch. Inputs are mixed as floats, after scaling and after all other augmentations,
// regardless of the position in the recipe. Teacher and student see the same mixture.
//
//   augment: { crop: 4, flip: true, mixup: 0.2 }
#include <ATen/core/Tensor.h>

#include "data/augmentation.h"

namespace limbeck {

/// Inputs of a batch that is mixed, and λ [N] float32, the weight of each example itself.
struct MixedInputs {
  at::Tensor inputs, shares;
};

/// As an augmentation of a single example, it has one view, the image itself.
class Mixer : public Augmentation {
 public:
  /// alpha: of the Beta distribution of the mixture's weight.
  explicit Mixer(double alpha) : alpha_(alpha) {}

  int64_t dimensions() const override { return 0; }
  int64_t view_count() const override { return 1; }
  at::Tensor apply(const at::Tensor& images, const at::Tensor&) const override { return images; }

  /// Draws partners and mixtures for the examples with these ids [N], in a set of `examples` examples.
  Mixing draw(const at::Tensor& ids, int64_t examples, uint64_t seed, int64_t epoch) const;
  /// Mixes inputs [N, …] float with those of their partners, by Mixing::draws [N, 3].
  virtual MixedInputs mix(const at::Tensor& own, const at::Tensor& partners, const at::Tensor& draws) const = 0;

 private:
  double alpha_;
};

}  // namespace limbeck
