#pragma once
// Augmentation by views. Each augmentation has a finite number of views of an image, numbered from 0; which view an
// example gets in an epoch is drawn from (seed, epoch, id) alone, so that it can be replayed, stored and compared. The
// pixels follow from (image, view) on any device.
//
//   Augmenter augmenter({shift});                                   // 25 views for shifts of up to 2 pixels
//   at::Tensor views = augmenter.draw(ids, seed, epoch);         // [N] int64
//   at::Tensor shifted = augmenter.apply(images, views);         // [N, C, H, W]

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "recipe/recipe.h"

namespace limbeck {

class Augmentation {
 public:
  virtual ~Augmentation() = default;
  /// Number of views of an image, whatever its size.
  virtual int64_t view_count() const = 0;
  /// Images [N, C, H, W] of any type, views [N] int64 in {0, …, view_count − 1} → images of the same shape and type.
  virtual at::Tensor apply(const at::Tensor& images, const at::Tensor& views) const = 0;
};

/// With what each of N examples is mixed (see data/mixup.h).
struct Mixing {
  at::Tensor partners;  ///< [N] int64, positions in the set of examples
  at::Tensor shares;    ///< [N] float32, λ: the example's own share
};

class Mixup;

/// Several augmentations in a row; a view of the whole is one number, in mixed radix, the first augmentation's being
/// the lowest digit. Affine augmentations of the same fill that stand beside each other are resampled once, as one
/// matrix.
class Augmenter {
 public:
  Augmenter();
  /// Throws Error where there are more than 2^62 views.
  explicit Augmenter(const std::vector<Choice>& choices);
  Augmenter(Augmenter&&) noexcept;
  Augmenter& operator=(Augmenter&&) noexcept;
  ~Augmenter();

  /// True where each example is shown as it is: there is only one view, the image itself, and nothing is mixed.
  bool empty() const { return augmentations_.empty() && mixup_ == nullptr; }
  /// True where examples are mixed in pairs. What a network says of a mixed example follows from no view: pairs are not
  /// numbered.
  bool mixes() const { return mixup_ != nullptr; }
  int64_t view_count() const;
  /// The augmentations with all their options, in order: equal texts make equal pixels of equal views. "none" where
  /// empty.
  const std::string& description() const { return description_; }

  /// ids [N] int64 → views [N] int64, on the device of the ids.
  at::Tensor draw(const at::Tensor& ids, uint64_t seed, int64_t epoch) const;
  /// Throws Error where there is something to do and the inputs are not images [N, C, H, W].
  at::Tensor apply(const at::Tensor& images, const at::Tensor& views) const;
  /// With what the examples with these ids [N] are mixed, in a set of `examples`. Throws Error where nothing is mixed.
  Mixing draw_mixing(const at::Tensor& ids, int64_t examples, uint64_t seed, int64_t epoch) const;

 private:
  void add(std::unique_ptr<Augmentation> augmentation);

  std::vector<std::unique_ptr<Augmentation>> augmentations_;
  std::unique_ptr<Mixup> mixup_;
  std::string description_ = "none";
};

}  // namespace limbeck
