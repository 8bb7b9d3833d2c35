#pragma once
// The data of one seed's run: the splits for this seed, and the current labels.
#include <ATen/core/Tensor.h>

#include "data/example_set.h"
#include "experiment/spoken_frames.h"
#include "recipe/recipe.h"

namespace limbeck {

class RunData {
 public:
  /// The dataset must outlive this.
  RunData(const Dataset& dataset, const DataRecipe& recipe, uint64_t seed, at::Device device);

  const Dataset& dataset() const { return *dataset_; }
  const ExampleSet& train() const { return split_.train; }
  const ExampleSet& validation() const { return validation_; }
  const ExampleSet& test() const { return test_; }
  /// Returns an empty set, for networks whose classes differ from those of the validation split.
  ExampleSet nothing() const;
  /// Returns the training examples of the stage.
  ExampleSet examples_of(const StageRecipe& stage) const;

  /// Returns the labels of whole splits, if the examples are frames of recordings.
  const FrameLabels& labels() const { return labels_; }
  /// Replaces the labels of the frames of all splits.
  void show_labels(FrameLabels labels);

 private:
  const Dataset* dataset_;
  uint64_t seed_;
  at::Device device_;
  TrainingSplit split_;
  ExampleSet validation_, test_;
  FrameLabels labels_;
};

}  // namespace limbeck
