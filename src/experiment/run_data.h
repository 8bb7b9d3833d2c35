#pragma once
// The data of one seed's run: the splits as this seed divides them, and the labels that its stages see.
#include <ATen/core/Tensor.h>

#include "data/dataset.h"
#include "experiment/spoken_frames.h"
#include "recipe/recipe.h"

namespace limbeck {

class RunData {
 public:
  /// The data set outlives it.
  RunData(const Dataset& dataset, const DataRecipe& recipe, uint64_t seed, at::Device device);

  const Dataset& dataset() const { return *dataset_; }
  const ExampleSet& train() const { return split_.train; }
  const ExampleSet& validation() const { return validation_; }
  const ExampleSet& test() const { return test_; }
  /// No examples, for a network whose classes are not those of the validation split.
  ExampleSet nothing() const;
  /// What the stage trains on.
  ExampleSet examples_of(const StageRecipe& stage) const;

  /// Of whole splits, where the examples are frames of recordings.
  const FrameLabels& labels() const { return labels_; }
  /// From here on the frames of all splits have these labels.
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
