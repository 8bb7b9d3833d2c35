#pragma once
// A stage with a network that learns, one that may teach it, and examples, without a run.
//
//   const TaughtStage stage(*small_digits(230, 20), "{teacher: {mlp: [30]}, student: {mlp: [20]}}",
//                           "epochs: 1, loss: [ hard_labels: { weight: 1 } ]");
//   const auto network = stage.network("student", 1, at::kCPU);
#include <torch/types.h>

#include <memory>
#include <string>

#include "core/error.h"
#include "experiment/components.h"
#include "models/model.h"
#include "recipe/recipe.h"
#include "teacher/network_teacher.h"
#include "train/trainer.h"

namespace limbeck {

/// A data set of random coloured pictures in so many classes.
inline std::unique_ptr<Dataset> pictures(int64_t count, int64_t classes) {
  torch::manual_seed(5);
  auto dataset = std::make_unique<Dataset>();
  dataset->name = "pictures";
  for (int64_t i = 0; i < classes; ++i) dataset->classes.push_back(std::to_string(i));
  for (Split* split : {&dataset->train, &dataset->test}) {
    split->inputs = torch::randint(256, {count, 3, 32, 32}, torch::kLong).to(torch::kByte);
    split->labels = torch::randint(classes, {count}, torch::kLong);
  }
  dataset->scale = 1.0 / 255;
  return dataset;
}

/// Examples on a device, and how they are augmented.
struct StageExamples {
  ExampleSet train, validation;
  Augmenter augmenter;
};

class TaughtStage {
 public:
  /// networks: `teacher` and `student`; stage: the settings of the student's stage, whose teacher may be `large`. The
  /// data set must outlive this.
  TaughtStage(const Dataset& dataset, const std::string& networks, const std::string& stage)
      : dataset_(dataset),
        recipe_(parse_recipe("name: t\ndata: {source: digits}\nnetworks: " + networks +
                                 "\nstages: [{name: large, train: teacher}, {name: s, train: student, " + stage +
                                 "}]\n",
                             "t", {}, components())),
        split_(hold_out(dataset, 30, 1)) {}

  const StageRecipe& recipe() const { return recipe_.stages[1]; }
  StageExamples examples(at::Device device) const {
    return {split_.train.to(device), split_.validation.to(device), Augmenter(recipe().augment)};
  }

  std::shared_ptr<Network> network(const std::string& name, uint64_t seed, at::Device device) const {
    for (const NetworkRecipe& each : recipe_.networks)
      if (each.name == name) {
        auto network = make_network(each.architecture, dataset_, seed);
        network->to(device);
        return network;
      }
    throw Error("no such network");
  }

  /// The stage's teacher, with the network `teacher` of seed 2; nullptr if it has none. The examples are on the device.
  std::unique_ptr<Teacher> teacher(const StageExamples& examples, at::Device device,
                                   Precision precision = Precision::float32,
                                   const std::function<void(const std::string&)>& tell = {}) const {
    if (!recipe().teacher) return nullptr;
    const std::shared_ptr<const Network> large = network("teacher", 2, device);
    return make_teacher(recipe().teacher, {.network = [large](const std::string&) { return large; },
                                           .examples = examples.train,
                                           .augmenter = examples.augmenter,
                                           .classes = static_cast<int64_t>(dataset_.classes.size()),
                                           .seed = 1,
                                           .taps = Objective(recipe().loss).needs().teacher_taps,
                                           .precision = precision,
                                           .view_seed = 1,
                                           .tell = tell});
  }

  /// What trains the network with seed 1. Everything must outlive it; `teacher`: nullptr for none.
  TrainingSetup setup(Network& network, const Teacher* teacher, const StageExamples& examples,
                      const CheckpointFile& checkpoint, const EventBus& events) const {
    return {.stage = recipe(),
            .seed = 1,
            .network = network,
            .teacher = teacher,
            .train = examples.train,
            .validation = examples.validation,
            .augmenter = examples.augmenter,
            .checkpoint = checkpoint,
            .events = events};
  }

 private:
  const Dataset& dataset_;
  Recipe recipe_;
  TrainingSplit split_;
};

}  // namespace limbeck
