#pragma once
// Data sets: splits held as compact tensors, and parts of them from which batches are gathered.
//
//   std::unique_ptr<Dataset> data = recipe.data.source.make<Dataset, const DataFolders&>(folders);
//   const ExampleSet test(data->test, "test", *data);
//   Batch batch = test.batch(at::arange(0, 1000));   // inputs [1000, 1, 28, 28] float32

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/augmentation.h"
#include "data/batch.h"
#include "data/data_folders.h"
#include "recipe/recipe.h"

namespace limbeck {

/// Examples that are rows of a longer whole, each seen with the rows around it: frames of recordings. Example i is the
/// rows i − before … i + after, none of them outside first[i] … last[i], whose rows stand for those that are missing.
struct RowContext {
  int64_t before = 0, after = 0;
  at::Tensor first, last;  ///< [N] int32; undefined: an example is its row alone

  bool defined() const { return first.defined(); }
};

struct Split {
  at::Tensor inputs;  ///< [N, C, H, W] uint8; of frames [N, banks] float32
  at::Tensor labels;  ///< [N] int64 in {0, …, classes − 1}; −1: extra unlabelled examples
  RowContext context = {};
  bool mapped = false;  ///< the inputs lie in a file, from which they are read as they are used: the machine can have
                        ///< their memory back

  int64_t size() const { return labels.size(0); }
};

struct SpeechCorpus;  // data/recordings/speech.h

struct Dataset {
  std::string name;
  std::vector<std::string> classes;
  Split train;
  Split test;
  double scale = 1.0 / 255;  ///< a pixel's value is its byte times this
  std::vector<double> mean,
      deviation;  ///< of each channel, usual for this data set, in units of a scaled pixel; empty: none
  std::vector<std::string> notices;   ///< what a user should know of how it was read, to be passed on as Notice
  std::vector<int64_t> superclasses;  ///< of each class, the larger one that it belongs to; empty: there are none
  std::shared_ptr<const SpeechCorpus> speech;  ///< what its frames have to do with each other; nullptr: no speech

  /// Shape of one example: {1, 28, 28}; of frames with their context {26, 40}.
  std::vector<int64_t> input_shape() const;
  /// Of all bytes of all splits.
  std::string fingerprint() const;
};

/// Adds the training examples of another data set to those of this one, without their labels: more to distil from.
/// Throws Error where their shapes or scales differ.
void append_unlabelled(Dataset& dataset, const Dataset& extra);

/// Examples of one split, each with its id and with the label it shows, which may be −1.
class ExampleSet {
 public:
  /// All examples of a split.
  ExampleSet(const Split& split, std::string name, const Dataset& dataset);

  const std::string& name() const { return name_; }
  /// Of the whole split: an example's id is below it.
  int64_t split_size() const { return inputs_.size(0); }
  /// Of ids and inputs, whatever the labels.
  std::string fingerprint() const;
  int64_t size() const { return ids_.size(0); }
  const at::Tensor& ids() const { return ids_; }        ///< [n] int64
  const at::Tensor& labels() const { return labels_; }  ///< [n] int64
  /// [n] int64, equal for examples of which a part is not chosen without the others, since they overlap; undefined: all
  /// may be parted.
  at::Tensor groups() const;

  /// The examples at these positions, e.g. a validation split.
  ExampleSet select(const at::Tensor& positions, std::string name) const;
  /// The same examples, showing other labels, [n] int64.
  ExampleSet with_labels(const at::Tensor& labels) const;
  /// Moved to a device, where its batches will be made.
  ExampleSet to(at::Device device) const;

  /// The examples at `positions` [n] int64, in that order, unchanged.
  Batch batch(const at::Tensor& positions) const;
  /// The same, augmented as (seed, epoch, id) says, and mixed with each other where the augmenter mixes.
  Batch batch(const at::Tensor& positions, const Augmenter& augmenter, uint64_t seed, int64_t epoch) const;
  /// The same in given views [n] int64: replays them. Throws Error where the augmenter mixes.
  Batch batch(const at::Tensor& positions, const Augmenter& augmenter, const at::Tensor& views) const;

  /// How many examples are brought to floats together where any number would do: at most `most`, less where they are
  /// large.
  int64_t at_once(int64_t most = 1000) const;
  /// The positions of all examples in their order, in parts of so many.
  std::vector<at::Tensor> parts(int64_t most = 1000) const;

  /// The positions of all examples in the order of an epoch: sorted by a random number of (seed, epoch, id).
  at::Tensor order(uint64_t seed, int64_t epoch) const;

 private:
  ExampleSet() = default;
  Batch in_views(const at::Tensor& positions, const Augmenter& augmenter, const at::Tensor& views) const;
  void mix(Batch& batch, const Augmenter& augmenter, uint64_t seed) const;
  std::string name_;
  at::Tensor inputs_of(const at::Tensor& ids) const;
  at::Tensor inputs_;   ///< of the whole split, shared
  RowContext context_;  ///< likewise
  at::Tensor ids_;
  at::Tensor labels_;
  double scale_ = 1;
};

/// What `of_batch` gives for all examples of the set, unchanged and in their order, joined along the first dimension.
/// Throws Error for an empty set.
at::Tensor over_batches(const ExampleSet& examples, const std::function<at::Tensor(const Batch&)>& of_batch);

/// The training split divided: what is trained on, and what is held out for validation.
struct TrainingSplit {
  ExampleSet train;
  ExampleSet validation;  ///< empty where the recipe holds nothing out
};

/// Holds out `validation` labelled examples, drawn by (seed, id) alone; of groups, whole ones, until there are so many.
/// Throws Error where the split is not larger than that.
TrainingSplit hold_out(const Dataset& dataset, int64_t validation, uint64_t seed);

/// Leaves classes out, keeps a fraction of each class, hides labels or makes them wrong: see ExamplesRecipe. A fraction
/// of groups is one of those groups that have the same lowest label. Throws Error where a class does not exist or
/// nothing is left.
ExampleSet choose_examples(const ExampleSet& examples, const ExamplesRecipe& recipe, const Dataset& dataset,
                           uint64_t seed);

}  // namespace limbeck
