#pragma once
// Subsets of the examples of a data set, from which batches are gathered.
//
//   const auto data = recipe.data.source.make<Dataset, const DataFolders&>(folders);
//   const ExampleSet test(data->test, "test", *data);
//   Batch batch = test.batch(at::arange(0, 1000));   // inputs [1000, 1, 28, 28] float32

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/augmentation.h"
#include "data/batch.h"
#include "limbeck/dataset.h"
#include "recipe/recipe.h"

namespace limbeck {

/// Appends the training examples of another data set without their labels, as additional data for distillation. Throws
/// Error of kind usage if shapes or scales differ, or for recordings.
void append_unlabelled(Dataset& dataset, const Dataset& extra);

/// Examples by their ids and labels, both [n] int64.
struct LabelledIds {
  at::Tensor ids, labels;
};

struct SplitOnDevice;

/// A subset of the examples of one split, each with its id and label; the label may differ from the split's, and −1
/// means unlabelled.
class ExampleSet {
 public:
  /// All examples of a split.
  ExampleSet(const Split& split, std::string name, const Dataset& dataset);

  const std::string& name() const { return name_; }
  /// Size of the whole split; all ids are below it.
  int64_t split_size() const { return split_size_; }
  /// Fingerprint of ids and inputs, without labels.
  std::string fingerprint() const;
  int64_t size() const { return ids_.size(0); }
  const at::Tensor& ids() const { return ids_; }        ///< [n] int64
  const at::Tensor& labels() const { return labels_; }  ///< [n] int64
  /// Groups [n] int64: examples with equal values, such as frames of one recording, have overlapping context and are
  /// kept together when a set is divided; undefined: no groups.
  at::Tensor groups() const;

  /// Returns the examples at these positions, e.g. a validation split.
  ExampleSet select(const at::Tensor& positions, std::string name) const;
  /// Returns the same examples with other labels [n] int64.
  ExampleSet with_labels(const at::Tensor& labels) const;
  /// Returns a copy on a device, where its batches are then created. Inputs are there once for all sets of one split
  /// that were moved there, in whatever thread, and are released with the last of them.
  ExampleSet to(at::Device device) const;

  /// Throws Error of kind usage if the augmentations are for other inputs, or choose among more versions of an example
  /// than there are.
  void require(const Augmenter& augmenter) const;

  /// Returns ids and labels at `positions` [n] int64.
  LabelledIds rows_at(const at::Tensor& positions) const;
  /// Returns the examples at `positions` [n] int64, in that order, without augmentation.
  Batch batch(const at::Tensor& positions) const;
  /// Same, with views drawn from (seed, epoch, id), and mixed if the augmenter mixes.
  Batch batch(const at::Tensor& positions, const Augmenter& augmenter, uint64_t seed, const Epoch& epoch) const;
  /// Same, of examples, their partners and mixtures that were found before (rows_at, Augmenter::draw_mixing;
  /// undefined: nothing is mixed), so that nothing waits for a device.
  Batch batch(const LabelledIds& examples, const Augmenter& augmenter, uint64_t seed, const Epoch& epoch,
              const LabelledIds& partners, const at::Tensor& draws) const;
  /// Same, with the given views [n] int64: replays an augmentation. Throws Error if the augmenter mixes.
  Batch batch(const at::Tensor& positions, const Augmenter& augmenter, const at::Tensor& views) const;

  /// Returns a batch size for passes without training: at most `most`, fewer if the examples are large.
  int64_t at_once(int64_t most = 1000) const;
  /// Returns the positions of all examples in order, split into chunks of at_once(most).
  std::vector<at::Tensor> parts(int64_t most = 1000) const;

  /// Returns the positions of all examples in the shuffled order of an epoch: sorted by a random number of (seed,
  /// epoch, id). Computed on the device of the examples.
  at::Tensor order(uint64_t seed, int64_t epoch) const;

 private:
  ExampleSet() = default;
  Batch in_views(const LabelledIds& examples, const Augmenter& augmenter, const at::Tensor& views) const;
  /// Returns the pixels or features of examples in their views, scaled; `views` undefined: as they are.
  at::Tensor scaled_inputs(const at::Tensor& ids, const Augmenter& augmenter, const at::Tensor& views) const;
  std::string name_;
  /// `versions` [n] int64 of the examples; undefined: 0.
  at::Tensor inputs_of(const at::Tensor& ids, const at::Tensor& versions) const;
  int64_t split_size_ = 0;
  at::Tensor inputs_;   ///< of the whole split, shared between sets
  RowContext context_;  ///< likewise
  at::Tensor ids_;
  at::Tensor labels_;
  double scale_ = 1;
  std::shared_ptr<const SplitOnDevice> on_device_;  ///< holds inputs and context of a copy
};

/// Calls `of_batch` on all examples, in order and without augmentation, and concatenates the results along the first
/// dimension. Throws Error for an empty set.
at::Tensor over_batches(const ExampleSet& examples, const std::function<at::Tensor(const Batch&)>& of_batch);

/// The training split, divided into training and validation examples.
struct TrainingSplit {
  ExampleSet train;
  ExampleSet validation;  ///< empty if the recipe holds nothing out
};

/// Holds out `validation` labelled examples, sampled by (seed, id) alone. Examples with groups are held out in whole
/// groups until there are at least that many. Throws Error of kind usage if no labelled example is left for training.
TrainingSplit hold_out(const Dataset& dataset, int64_t validation, uint64_t seed);

/// Excludes classes, keeps a fraction of each class, hides labels or adds label noise: see ExamplesRecipe. If the
/// examples have groups, the fraction applies to whole groups, stratified by the lowest label of each group. Throws
/// Error of kind usage if a class does not exist or nothing is left.
ExampleSet choose_examples(const ExampleSet& examples, const ExamplesRecipe& recipe, const Dataset& dataset,
                           uint64_t seed);

}  // namespace limbeck
