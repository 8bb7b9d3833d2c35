#pragma once
// Data augmentation by views. A view is one augmented version of an image, e.g. the image shifted by (1, −2) pixels.
// Each augmentation has a finite number of views, numbered from 0. The view of an example in an epoch is drawn from
// (seed, epoch, id) alone, so that it can be replayed, stored and compared. The pixels are a deterministic function of
// (image, view) on any device.
//
//   Augmenter augmenter({shift});                                   // 25 views for shifts of up to 2 pixels
//   at::Tensor views = augmenter.draw(ids, seed, epoch);         // [N] int64
//   at::Tensor shifted = augmenter.apply(images, views);         // [N, C, H, W]

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "device/epoch.h"
#include "device/operators.h"
#include "recipe/recipe.h"

namespace limbeck {

class Augmentation {
 public:
  virtual ~Augmentation() = default;
  /// Dimensions of the batches that it takes: 4, images [N, C, H, W]; 3, recordings [N, frames, bands]; 0: any.
  virtual int64_t dimensions() const { return 4; }
  /// Number of views; does not depend on the image's size.
  virtual int64_t view_count() const = 0;
  /// Images of any type, or recordings, views [N] int64 in {0, …, view_count − 1} → images of the same shape and type.
  virtual at::Tensor apply(const at::Tensor& images, const at::Tensor& views) const = 0;
  /// Whether a view is a version of the example, which the data set has (RowContext), and is not computed.
  virtual bool chooses_version() const { return false; }
  /// Adds this augmentation to how pictures are read from memory on a device, after what `how` has. Returns false if
  /// they cannot be read so.
  virtual bool add_to(PictureViews& how) const {
    (void)how;
    return false;
  }
};

/// The partners of N examples that are mixed with others (data/mixer.h).
struct Mixing {
  at::Tensor partners;  ///< [N] int64, positions of the partners in the set of examples
  at::Tensor draws;     ///< [N, 3] float32 from 0 to 1: a share of Beta(α, α), and a place, which not all mixers read
};

class Mixer;
struct MixedInputs;

/// A sequence of augmentations. Its view is one number in mixed radix, with the first augmentation's view as the lowest
/// digit. Adjacent affine augmentations with the same fill are merged into one matrix, so that pixels are resampled
/// once.
class Augmenter {
 public:
  Augmenter();
  /// Throws Error if there are more than 2^62 views.
  explicit Augmenter(const std::vector<Choice>& choices);
  Augmenter(Augmenter&&) noexcept;
  Augmenter& operator=(Augmenter&&) noexcept;
  ~Augmenter();

  /// Returns true if there is no augmentation: the only view is the image itself, and nothing is mixed.
  bool empty() const { return augmentations_.empty() && mixer_ == nullptr; }
  /// Returns true if examples are mixed in pairs (mixup, cutmix). Outputs on mixed examples cannot be stored by view,
  /// since pairs are not numbered.
  bool mixes() const { return mixer_ != nullptr; }
  int64_t view_count() const;
  /// The augmentations with all their options, in order; "none" if there are none. Augmenters with equal descriptions
  /// produce equal pixels for equal views.
  const std::string& description() const { return description_; }

  /// Throws Error of kind usage if an augmentation is for other inputs: images [N, C, H, W], or recordings [N, frames,
  /// bands]. `dimensions`: of the inputs, with that of the batch.
  void require_inputs(int64_t dimensions) const;
  /// How many versions of an example are chosen from; 1: none is chosen.
  int64_t versions() const;
  /// views [N] int64 → versions of the examples [N] int64; undefined if none are chosen, or there are no views.
  at::Tensor versions_of(const at::Tensor& views) const;
  /// ids [N] int64 → views [N] int64, on the device of the ids. Never waits for a device.
  at::Tensor draw(const at::Tensor& ids, uint64_t seed, const Epoch& epoch) const;
  /// Throws as require_inputs().
  at::Tensor apply(const at::Tensor& images, const at::Tensor& views) const;
  /// Draws partners and mixtures for the examples with these ids [N], in a set of `examples` examples. Throws Error if
  /// nothing is mixed.
  Mixing draw_mixing(const at::Tensor& ids, int64_t examples, uint64_t seed, int64_t epoch) const;
  /// Mixes inputs [N, …] float with those of their partners. Throws Error if nothing is mixed.
  MixedInputs mix(const at::Tensor& own, const at::Tensor& partners, const at::Tensor& draws) const;
  /// Returns how pictures in these views are read from memory in one operation (device/operators.h), without `scale`;
  /// nullopt if they are not windows and flips alone.
  std::optional<PictureViews> picture_views() const;

 private:
  void add(std::unique_ptr<Augmentation> augmentation);
  const Mixer& mixer() const;

  std::vector<std::unique_ptr<Augmentation>> augmentations_;
  std::unique_ptr<Mixer> mixer_;
  std::string description_ = "none";
};

}  // namespace limbeck
