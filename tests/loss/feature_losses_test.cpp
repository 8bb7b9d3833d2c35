// Losses over features: their values against NumPy's (tests/golden), their gradients against differences.
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/random.h"
#include "loss/objective.h"
#include "support/golden.h"
#include "support/gradient_check.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

using FeatureMap = std::map<std::string, torch::Tensor>;

torch::Tensor random_feature(const std::vector<int64_t>& shape, uint64_t seed) {
  torch::Tensor feature = torch::empty(shape, torch::kFloat64);
  Random random({seed, Purpose::synthesis});
  for (int64_t i = 0; i < feature.numel(); ++i) feature.view({-1})[i] = random.normal();
  return feature;
}

/// A loss that was prepared for these features; its parameters are float64 from then on.
struct PreparedLoss {
  PreparedLoss(const std::string& yaml, const FeatureMap& student, const FeatureMap& teacher)
      : loss(choose(Slot::loss, yaml).make<Loss>()), parameters(/*seed=*/1, /*loss=*/0, torch::kCPU) {
    loss->prepare(shapes_of({.features = student}, {.features = teacher}), parameters);
    for (const Parameter& parameter : parameters.all()) parameter.value.set_data(parameter.value.to(torch::kFloat64));
  }
  torch::Tensor value(const FeatureMap& student, const FeatureMap& teacher) const {
    return loss->value({.features = student}, {.features = teacher}, {});
  }

  std::unique_ptr<Loss> loss;
  LossParameters parameters;
};

TEST(FeatureLosses, HaveTheValuesOfNumPy) {
  const std::vector<Json> cases = golden_cases("feature_losses");
  EXPECT_EQ(cases.size(), 14U);
  for (const Json& golden : cases) {
    const auto yaml = golden["loss"].get<std::string>();
    const FeatureMap student = tensors_of(golden["student"]), teacher = tensors_of(golden["teacher"]);
    const PreparedLoss prepared(yaml, student, teacher);
    EXPECT_EQ(prepared.parameters.all().size(), golden["parameters"].size()) << yaml;
    for (const Parameter& parameter : prepared.parameters.all())
      parameter.value.set_data(tensor_of(golden["parameters"][parameter.name]));
    const auto expected = golden["value"].get<double>();
    EXPECT_NEAR(prepared.value(student, teacher).item<double>(), expected, 1e-12 * (1 + expected)) << yaml;
  }
}

TEST(FeatureLosses, HaveTheGradientsOfDifferences) {
  for (const Json& golden : golden_cases("feature_losses")) {
    const auto yaml = golden["loss"].get<std::string>();
    const FeatureMap student = tensors_of(golden["student"]), teacher = tensors_of(golden["teacher"]);
    const PreparedLoss prepared(yaml, student, teacher);
    for (const auto& [name, feature] : student)
      expect_numeric_gradient(
          [&, &name = name](const torch::Tensor& x) {
            FeatureMap moved = student;
            moved[name] = x;
            return prepared.value(moved, teacher);
          },
          feature, yaml + " " + name);
    for (const Parameter& parameter : prepared.parameters.all())
      expect_numeric_gradient_by(
          parameter.value, [&] { return prepared.value(student, teacher); }, yaml + " " + parameter.name);
  }
}

TEST(FeatureLosses, GiveTheTeacherNoGradient) {
  for (const char* yaml : {"{fitnet: {from: t, to: s}}", "{attention_transfer: {from: t, to: s}}"}) {
    const FeatureMap student = {{"s", random_feature({2, 3, 4, 4}, 1).requires_grad_()}},
                     teacher = {{"t", random_feature({2, 5, 4, 4}, 2).requires_grad_()}};
    PreparedLoss(yaml, student, teacher).value(student, teacher).backward();
    EXPECT_GT(student.at("s").grad().abs().sum().item<double>(), 0) << yaml;
    EXPECT_FALSE(teacher.at("t").grad().defined()) << yaml;
  }
}

TEST(FeatureLosses, AreMeansOverExamples) {
  const FeatureMap student = {{"f", random_feature({2, 3, 4, 4}, 1)}},
                   teacher = {{"f", random_feature({2, 5, 4, 4}, 2)}};
  const FeatureMap students = {{"f", student.at("f").repeat({3, 1, 1, 1})}},
                   teachers = {{"f", teacher.at("f").repeat({3, 1, 1, 1})}};
  for (const char* yaml : {"{fitnet: f}", "{fitnet: {from: f, reduction: mean}}", "{attention_transfer: f}",
                           "{attention_transfer: {from: [f], form: mean}}"}) {
    const PreparedLoss prepared(yaml, student, teacher);
    EXPECT_NEAR(prepared.value(students, teachers).item<double>(), prepared.value(student, teacher).item<double>(),
                1e-12)
        << yaml;
  }
}

TEST(FitNet, LearnsALinearMapOfTheTeachersFeature) {
  const FeatureMap teacher = {{"f", random_feature({4, 3, 2, 2}, 3)}};
  const FeatureMap student = {{"f", torch::cat({teacher.at("f") * 2, random_feature({4, 1, 2, 2}, 4)}, 1)}};
  const PreparedLoss prepared("{fitnet: f}", student, teacher);
  const torch::Tensor weight = torch::zeros({3, 4, 1, 1}, torch::kFloat64);
  for (int64_t c = 0; c < 3; ++c) weight[c][c] = 0.5;
  prepared.parameters.all()[0].value.set_data(weight);
  prepared.parameters.all()[1].value.set_data(torch::zeros({3}, torch::kFloat64));
  EXPECT_LT(prepared.value(student, teacher).item<double>(), 1e-30);
}

TEST(FitNet, StartsFromWeightsThatDependOnSeedAndPlaceAlone) {
  const LossShapes shapes{.student_features = {{"f", {8, 4, 4}}}, .teacher_features = {{"f", {16, 4, 4}}}};
  const auto weights = [&](uint64_t seed, size_t place) {
    LossParameters parameters(seed, place, torch::kCPU);
    choose(Slot::loss, "{fitnet: f}").make<Loss>()->prepare(shapes, parameters);
    EXPECT_EQ(parameters.all()[0].name, "weight");
    EXPECT_EQ(parameters.all()[1].value.sizes().vec(), (Shape{16}));
    return parameters.all()[0].value.detach();
  };
  EXPECT_EQ(weights(1, 0).sizes().vec(), (Shape{16, 8, 1, 1}));
  EXPECT_TRUE(weights(1, 0).equal(weights(1, 0)));
  EXPECT_FALSE(weights(1, 0).equal(weights(2, 0)));
  EXPECT_FALSE(weights(1, 0).equal(weights(1, 1)));
  EXPECT_LE(weights(1, 0).abs().max().item<double>(), 1 / std::sqrt(8.0));
}

TEST(AttentionTransfer, IsZeroWhereTheStudentIsTheTeacher) {
  for (const char* yaml : {"{attention_transfer: f}", "{attention_transfer: {from: f, form: mean}}"}) {
    const FeatureMap teacher = {{"f", random_feature({3, 5, 4, 4}, 5)}};
    const FeatureMap student = {{"f", teacher.at("f").clone().requires_grad_()}};
    const torch::Tensor value = PreparedLoss(yaml, student, teacher).value(student, teacher);
    EXPECT_EQ(value.item<double>(), 0) << yaml;
    value.backward();
    EXPECT_EQ(student.at("f").grad().abs().max().item<double>(), 0) << yaml;
  }
}

TEST(AttentionTransfer, DoesNotDependOnTheScaleOfAFeature) {
  const FeatureMap student = {{"f", random_feature({2, 3, 4, 4}, 6)}},
                   teacher = {{"f", random_feature({2, 5, 4, 4}, 7)}};
  const PreparedLoss prepared("{attention_transfer: f}", student, teacher);
  const double as_it_is = prepared.value(student, teacher).item<double>();
  EXPECT_NEAR(prepared.value({{"f", student.at("f") * 1000}}, teacher).item<double>(), as_it_is, 1e-12);
  EXPECT_NEAR(prepared.value(student, {{"f", teacher.at("f") * 1e-3}}).item<double>(), as_it_is, 1e-12);
}

TEST(FeatureLosses, AreFiniteAtExtremeInputs) {
  const auto check = [](const char* yaml, double scale) {
    const torch::Tensor feature = (random_feature({2, 3, 4, 4}, 8) * scale).to(torch::kFloat32);
    const FeatureMap student = {{"f", feature.clone().requires_grad_()}},
                     teacher = {{"f", (random_feature({2, 5, 4, 4}, 9) * scale).to(torch::kFloat32)}};
    const torch::Tensor value = PreparedLoss(yaml, student, teacher).value(student, teacher);
    value.backward();
    EXPECT_TRUE(std::isfinite(value.item<double>())) << yaml << " " << scale;
    EXPECT_TRUE(student.at("f").grad().isfinite().all().item<bool>()) << yaml << " " << scale;
  };
  for (const double scale : {0.0, 1e-30, 1e30}) {
    check("{attention_transfer: f}", scale);
    check("{attention_transfer: {from: f, form: mean}}", scale);
  }
  for (const double scale : {0.0, 1e-30, 1e15}) check("{fitnet: f}", scale);  // the square of 1e15 is a float's
}

TEST(FeatureLosses, RefuseFeaturesThatTheyCannotCompare) {
  const FeatureMap picture = {{"f", random_feature({2, 3, 4, 4}, 1)}}, vector = {{"f", random_feature({2, 3}, 1)}};
  EXPECT_EQ(message_of<Error>([&] { PreparedLoss("{fitnet: f}", vector, picture); }),
            "the teacher's feature 'f' is 3x4x4, the student's 'f' 3; expected two pictures [channels, height, width], "
            "two vectors, or a vector of the teacher's");
  EXPECT_EQ(message_of<Error>([&] { PreparedLoss("{attention_transfer: f}", vector, vector); }),
            "the teacher's feature 'f' is 3, the student's 'f' 3; expected two pictures [channels, height, width]");
  EXPECT_EQ(message_of<Error>([&] { PreparedLoss("{fitnet: {from: f, to: g}}", picture, picture); }),
            "the student's feature 'g' was not given");
}

TEST(Objective, NamesTheParametersOfItsLosses) {
  const Recipe recipe = parse_recipe(
      "name: t\ndata: {source: digits}\nnetworks: {n: {mlp: [12]}}\nstages: [{name: a, train: n}, {name: s, train: n, "
      "teacher: a, loss: [fitnet: fc1, hard_labels: {}, fitnet: {from: fc1, to: relu1}]}]\n",
      "t", {}, components());
  Objective objective(recipe.stages[1].loss);
  EXPECT_EQ(objective.needs().student_taps, (std::vector<std::string>{"fc1", "relu1"}));
  EXPECT_EQ(objective.needs().teacher_taps, std::vector<std::string>{"fc1"});
  EXPECT_TRUE(objective.needs().shapes);
  const Shape twelve = {12};
  objective.prepare({{10}, {10}, {{"fc1", twelve}, {"relu1", twelve}}, {{"fc1", twelve}}}, 1, torch::kCPU);
  std::vector<std::string> names;
  for (const Parameter& parameter : objective.parameters()) names.push_back(parameter.name);
  EXPECT_EQ(names, (std::vector<std::string>{"fitnet.weight", "fitnet.bias", "fitnet.2.weight", "fitnet.2.bias"}));
  EXPECT_FALSE(objective.parameters()[0].value.equal(objective.parameters()[2].value));
}

}  // namespace
}  // namespace limbeck
