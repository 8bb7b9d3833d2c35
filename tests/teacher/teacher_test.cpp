#include "teacher/teacher.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "experiment/model.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

struct World {
  std::unique_ptr<Dataset> digits = small_digits(120, 10);
  ExampleSet train{digits->train, "train", *digits};
  Augmenter none;
  std::shared_ptr<GraphNetwork> network =
      make_network(choose(Slot::network, "{mlp: {hidden: [9], dropout: {hidden: 0.5}}}"), *digits, 1);

  std::unique_ptr<Teacher> teacher(const std::string& outputs, const Augmenter& augmenter, const ExampleSet& examples) {
    return make_teacher(choose(Slot::teacher, "{network: {of: t, outputs: " + outputs + "}}"),
                        {.network = [this](const std::string&) { return network; }, .train = examples, .augmenter = augmenter});
  }
};

TEST(NetworkTeacher, IsInEvaluationModeAndWithoutGradient) {
  World world;
  const Batch batch = world.train.batch(torch::arange(5));
  const TeacherOutputs outputs = world.teacher("live", world.none, world.train)->outputs(batch);
  EXPECT_FALSE(outputs.logits.requires_grad());
  EXPECT_TRUE(outputs.logits.equal(world.network->forward(batch.inputs, {}).logits));
  EXPECT_TRUE(outputs.log_probabilities(3).exp().sum(1).allclose(torch::ones({5})));
}

TEST(KeptOutputs, AreTheLiveOnesInWhateverOrderTheyAreAsked) {
  World world;
  const ExampleSet part = world.train.select(torch::arange(20, 120), "train");
  const Batch batch = part.batch(torch::tensor({99, 0, 42}));
  const torch::Tensor kept = world.teacher("kept", world.none, part)->outputs(batch).logits;
  EXPECT_TRUE(kept.allclose(world.teacher("live", world.none, part)->outputs(batch).logits, 1e-5, 1e-6));
}

TEST(KeptOutputs, AreRefusedUnderAugmentationAndForOtherExamples) {
  World world;
  const Augmenter shift({choose(Slot::augmentation, "{shift: 1}")});
  EXPECT_NE(message_of<Error>([&] { world.teacher("kept", shift, world.train); }).find("cannot be kept"), std::string::npos);
  const ExampleSet part = world.train.select(torch::arange(0, 50), "train");
  const auto teacher = world.teacher("kept", world.none, part);
  EXPECT_THROW(teacher->outputs(world.train.batch(torch::tensor({50}))), Error);
}

TEST(NetworkTeacher, ChoosesToComputeLiveWhereExamplesAreAugmented) {
  World world;
  const Augmenter shift({choose(Slot::augmentation, "{shift: 2}")});
  const Batch batch = world.train.batch(torch::arange(6), shift, 1, 0);
  const torch::Tensor outputs = world.teacher("auto", shift, world.train)->outputs(batch).logits;
  EXPECT_TRUE(outputs.equal(world.network->forward(batch.inputs, {}).logits));
}

}  // namespace
}  // namespace limbeck
