#include "experiment/memory.h"

#include <gtest/gtest.h>

#include "experiment/components.h"
#include "models/model.h"
#include "support/small_data.h"

namespace limbeck {
namespace {

class Memory : public ::testing::Test {
 protected:
  std::shared_ptr<Network> make(const std::string& network) const {
    return make_network(choose(Slot::network, network), *digits, 1);
  }
  MemoryNeed need(const StageRecipe& stage, const std::vector<std::shared_ptr<Network>>& teachers = {},
                  double kept = 0) const {
    return memory_need(*digits, stage, *make("{mlp: [100]}"), teachers, kept);
  }
  std::unique_ptr<Dataset> digits = small_digits(60, 10);
};

constexpr double kParameters = 784 * 100 + 100 + 100 * 10 + 10;

TEST_F(Memory, CountsDataWeightsGradientAndState) {
  const MemoryNeed alone = need({});
  EXPECT_EQ(alone.data, 70 * (784 + 8));
  EXPECT_EQ(alone.weights, kParameters * 4 * (1 + 1 + 2));
  EXPECT_EQ(alone.outputs, 0);
  EXPECT_TRUE(alone.complete);
  EXPECT_EQ(need({}, {}, 5e9).total(), alone.total() + 5e9);
}

TEST_F(Memory, GrowsWithTheBatch) {
  StageRecipe large;
  large.batch_size = 100000;
  EXPECT_GT(need(large).activations, 100000.0 * 784 * 4);
}

TEST_F(Memory, OfLargePicturesIsNotThatOfAThousandAtOnce) {
  digits->train.inputs = torch::zeros({60, 3, 224, 224}, torch::kUInt8);
  StageRecipe stage;
  stage.batch_size = 1;
  const MemoryNeed need = memory_need(*digits, stage, *make("resnet8"), {make("resnet8")}, 0);
  EXPECT_GT(need.activations, 0.7e9);
  EXPECT_LT(need.activations, 0.9e9);  // three of 256 MiB
}

TEST_F(Memory, DoesNotCountPicturesInAMappedFile) {
  const double all = need({}).data;
  digits->train.mapped = true;
  EXPECT_EQ(need({}).data, all - 60 * 784);
}

TEST_F(Memory, CountsEveryTeacher) {
  const auto teacher = make("{mlp: [100]}");
  EXPECT_EQ(need({}, {teacher, teacher, teacher}).weights, need({}).weights + 3 * kParameters * 4);
}

/// `replicas` with these options.
Choice read_kind(const std::string& options) {
  const std::string text =
      "{ name: n, data: { source: digits }, networks: { n: { mlp: [4] } }, stages: [ { name: s, train: n, replicas: " +
      options + " } ] }";
  return parse_recipe(text, "kind.yaml", {}, components()).stages.front().kind;
}

TEST_F(Memory, CountsReplicasThatAreTrainedTogether) {
  StageRecipe stage;
  stage.batch_size = 100000;
  const MemoryNeed one = need(stage);
  stage.kind = read_kind("{ count: 4 }");
  EXPECT_EQ(need(stage).weights, one.weights);  // one after the other
  stage.kind = read_kind("{ count: 4, together: true }");
  EXPECT_EQ(need(stage).weights, 4 * one.weights);
  EXPECT_EQ(need(stage).activations, 4 * one.activations);
}

TEST(MemoryTogether, IsThatOfTheNeediestAndOfOneCopyOfTheData) {
  const auto need = [](double weights) { return MemoryNeed{.data = 100, .weights = weights}; };
  const std::vector<MemoryNeed> needs = {need(5), need(20), need(10), need(20)};
  EXPECT_TRUE(fit_together(needs, 2, 140));
  EXPECT_FALSE(fit_together(needs, 2, 139));
  EXPECT_TRUE(fit_together(needs, 9, 155));
  EXPECT_FALSE(fit_together(needs, 9, 154));
  EXPECT_TRUE(fit_together({}, 4, 1));
}

}  // namespace
}  // namespace limbeck
