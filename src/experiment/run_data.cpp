#include "experiment/run_data.h"

#include <ATen/ops/empty.h>

namespace limbeck {

RunData::RunData(const Dataset& dataset, const DataRecipe& recipe, uint64_t seed, at::Device device)
    : dataset_(&dataset),
      seed_(seed),
      device_(device),
      split_(hold_out(dataset, recipe.validation, seed)),
      validation_(split_.validation.to(device)),
      test_(ExampleSet(dataset.test, "test", dataset).to(device)),
      labels_{.train = dataset.train.labels, .test = dataset.test.labels} {}

ExampleSet RunData::nothing() const {
  return validation_.select(at::empty({0}, validation_.ids().options()), "validation");
}

ExampleSet RunData::examples_of(const StageRecipe& stage) const {
  return choose_examples(split_.train, stage.examples, *dataset_, seed_).to(device_);
}

void RunData::show_labels(FrameLabels labels) {
  labels_ = std::move(labels);
  const auto relabelled = [](const ExampleSet& examples, const at::Tensor& of_split) {
    return examples.with_labels(of_split.to(examples.ids().device()).index_select(0, examples.ids()));
  };
  split_.train = relabelled(split_.train, labels_.train);
  validation_ = relabelled(validation_, labels_.train);
  test_ = relabelled(test_, labels_.test);
}

}  // namespace limbeck
