#pragma once
// Augmentation by views. Each augmentation has a finite number of views of an image, numbered from 0; which view an
// example gets in an epoch is drawn from (seed, epoch, id) alone, so that it can be replayed, stored and compared. The
// pixels follow from (image, view) on any device.
//
//   Augmenter augmenter({shift});                                   // 25 views for shifts of up to 2 pixels
//   torch::Tensor views = augmenter.draw(ids, seed, epoch);         // [N] int64
//   torch::Tensor shifted = augmenter.apply(images, views);         // [N, C, H, W]
#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "recipe/recipe.h"

namespace limbeck {

class Augmentation {
 public:
  virtual ~Augmentation() = default;
  /// Number of views of an image.
  virtual int64_t view_count() const = 0;
  /// Images [N, C, H, W] of any type, views [N] int64 in {0, …, view_count − 1} → images of the same shape and type.
  virtual torch::Tensor apply(const torch::Tensor& images, const torch::Tensor& views) const = 0;
};

/// Several augmentations in a row; a view of the whole is one number, in mixed radix.
class Augmenter {
 public:
  Augmenter() = default;
  /// Throws Error where there are more than 2^32 views.
  explicit Augmenter(const std::vector<Choice>& choices);

  /// True where there is only one view, the image itself.
  bool empty() const { return augmentations_.empty(); }
  int64_t view_count() const;
  torch::Tensor draw(const torch::Tensor& ids, uint64_t seed, int64_t epoch) const;
  torch::Tensor apply(const torch::Tensor& images, const torch::Tensor& views) const;

 private:
  std::vector<std::unique_ptr<Augmentation>> augmentations_;
};

}  // namespace limbeck
