// Which features are compared where a recipe names none.
#include "loss/feature_pairs.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "limbeck/graph.h"
#include "nn/network.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

/// The features of an architecture for 3x32x32 and ten classes, as a run finds them.
FeatureShapes features_of(const std::string& architecture) {
  const GraphNetwork network(*choose(Slot::network, architecture).make<Graph, const TaskShape&>({{3, 32, 32}, 10}), 1);
  FeatureShapes features;
  const torch::NoGradGuard no_gradient;
  const Outputs outputs = network.forward(torch::zeros({1, 3, 32, 32}), {.taps = network.features()});
  for (const std::string& name : network.features())
    features.emplace_back(name, outputs.features.at(name).sizes().slice(1).vec());
  return features;
}

/// "TEACHER's STUDENT's", for each pair.
std::vector<std::string> chosen(Places places, const FeatureShapes& student, const FeatureShapes& teacher) {
  FeaturePairs pairs(places);
  EXPECT_TRUE(pairs.are_open());
  pairs.choose(student, teacher);
  EXPECT_FALSE(pairs.are_open());
  std::vector<std::string> names;
  for (size_t i = 0; i < pairs.from().size(); ++i) names.push_back(pairs.from()[i] + " " + pairs.to()[i]);
  return names;
}

using Names = std::vector<std::string>;

TEST(FeaturePairs, OfResidualNetworksAreTheirGroups) {
  const FeatureShapes large = features_of("resnet14"), small = features_of("resnet8");
  EXPECT_EQ(chosen(Places::stages, small, large), (Names{"layer1 layer1", "layer2 layer2", "layer3 layer3"}));
  EXPECT_EQ(chosen(Places::middle, small, large), Names{"layer2 layer2"});
  EXPECT_EQ(chosen(Places::last, small, large), Names{"layer3 layer3"});
  EXPECT_EQ(chosen(Places::embedding, small, large), Names{"pool pool"});
}

TEST(FeaturePairs, OfDifferentArchitecturesHaveTheSameHeightAndWidth) {
  const FeatureShapes teacher = features_of("vgg13"), student = features_of("mobilenetv2");
  const auto shape = [](const FeatureShapes& features, const std::string& name) {
    for (const auto& [feature, shape] : features)
      if (feature == name) return shape;
    return Shape{};
  };
  FeaturePairs pairs(Places::stages);
  pairs.choose(student, teacher);
  EXPECT_GE(pairs.from().size(), 2U);
  for (size_t i = 0; i < pairs.from().size(); ++i) {
    const Shape ours = shape(student, pairs.to()[i]), theirs = shape(teacher, pairs.from()[i]);
    EXPECT_EQ(ours[1], theirs[1]);
    EXPECT_EQ(ours[2], theirs[2]);
  }
  EXPECT_EQ(chosen(Places::embedding, student, teacher), Names{"pool pool"});
}

TEST(FeaturePairs, OfPerceptronsAreTheirLayersFromTheEnd) {
  const FeatureShapes teacher = features_of("{mlp: [40, 30, 20]}"), student = features_of("{mlp: [12, 8]}");
  EXPECT_EQ(chosen(Places::stages, student, teacher), (Names{"layer2 layer1", "layer3 layer2"}));
  EXPECT_EQ(chosen(Places::embedding, student, teacher), Names{"pool pool"});
  EXPECT_EQ(chosen(Places::embedding, student, features_of("resnet8")), Names{"pool pool"});
}

TEST(FeaturePairs, OfOtherNamesAreTheLastOfEachSize) {
  const FeatureShapes program = {{"conv1", {8, 16, 16}}, {"relu", {8, 16, 16}},  {"block1", {8, 16, 16}},
                                 {"down", {16, 8, 8}},   {"block2", {16, 8, 8}}, {"avgpool", {16, 1, 1}},
                                 {"head", {10}}};
  const FeatureShapes student = {{"layer1", {4, 16, 16}}, {"layer2", {4, 8, 8}}, {"pool", {4}}, {"fc", {10}}};
  EXPECT_EQ(chosen(Places::stages, student, program), (Names{"block1 layer1", "block2 layer2"}));
  EXPECT_EQ(chosen(Places::embedding, student, program), Names{"avgpool pool"});
}

TEST(FeaturePairs, ThatDoNotExistAreAnErrorThatSaysWhatToWrite) {
  FeaturePairs pairs(Places::stages);
  EXPECT_EQ(message_of<Error>([&] { pairs.choose({}, features_of("resnet8")); }),
            "teacher and student have no features that correspond to each other by themselves; name them: "
            "`from: TEACHERS, to: STUDENTS`");
  EXPECT_NE(message_of<Error>([&] {
              pairs.choose({"a"}, {"b", "c"});
            }).find("1 features of the student and 2"),
            std::string::npos);
  pairs.choose(std::vector<std::string>{"a", "b"}, {"c", "d"});
  EXPECT_EQ(pairs.text({{"a", {4, 8, 8}}}, {{"c", {16}}}), "c (16) -> a (4x8x8), d -> b");
}

}  // namespace
}  // namespace limbeck
