// Losses over relations within features, and over channels and numbers of maps: their values against NumPy's
// (tests/golden), their gradients against differences, and what their papers promise.
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/error.h"
#include "support/golden.h"
#include "support/gradient_check.h"
#include "support/prepared_loss.h"
#include "support/simulated_device.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

/// A loss over the features t, or t and u, of the teacher, and s, or s and r, of the student.
struct Comparison {
  std::string yaml;
  bool of_examples = false;  ///< compares examples of a batch with each other
  bool of_equals = false;    ///< is zero where both features are the same
  std::vector<int64_t> student = {3, 4, 4}, teacher = {5, 4, 2};
};

const std::vector<Comparison>& comparisons() {
  static const std::vector<Comparison> all = {
      {"{similarity_preserving: {from: t, to: s}}", true, true},
      {"{rkd: {from: t, to: s}}", true, true},
      {"{rkd: {from: t, to: s}}", true, true, {6}, {4}},
      {"{pkt: {from: t, to: s}}", true, true},
      {"{pkt: {from: t, to: s, form: all}}", true, true, {6}, {4}},
      {"{cc: {from: t, to: s}}", true, true},
      {"{cc: {from: t, to: s, form: adjacent, dimension: 6}}", true, false},
      {"{nst: {from: t, to: s}}", false, true},
      {"{nst: {from: t, to: s, kernel: linear}}", false, true},
      {"{nst: {from: t, to: s, kernel: gaussian}}", false, true},
      {"{fsp: {from: [t, u], to: [s, r]}}", false, true, {3, 4, 4}, {3, 4, 2}},
      {"{fsp: {from: [t, u], to: [s, r], form: mean}}", false, true, {3, 4, 4}, {3, 4, 2}},
      {"{ickd: {from: t, to: s}}", false, false},
      {"{ickd: {from: t, to: s, form: normalized}}", false, false},
      {"{ab: {from: t, to: s}}", false, false},
      {"{ab: {from: [t, u], to: [s, r], layers: doubling}}", false, false},
      {"{ofd: {from: t, to: s}}", false, false},
      {"{ofd: {from: [t, u], to: [s, r], layers: doubling}}", false, false},
  };
  return all;
}

std::vector<int64_t> batch_of(int64_t examples, const std::vector<int64_t>& shape) {
  std::vector<int64_t> batch = {examples};
  batch.insert(batch.end(), shape.begin(), shape.end());
  return batch;
}

FeatureMap students_of(const Comparison& comparison, int64_t examples, const torch::TensorOptions& options = {}) {
  const std::vector<int64_t> shape = batch_of(examples, comparison.student);
  return {{"s", random_feature(shape, 1).to(options)}, {"r", random_feature(shape, 2).to(options)}};
}

FeatureMap teachers_of(const Comparison& comparison, int64_t examples, const torch::TensorOptions& options = {}) {
  const std::vector<int64_t> shape = batch_of(examples, comparison.teacher);
  return {{"t", random_feature(shape, 3).to(options)}, {"u", random_feature(shape, 4).to(options)}};
}

FeatureMap changed(const FeatureMap& features, const std::function<torch::Tensor(const torch::Tensor&)>& change) {
  FeatureMap all;
  for (const auto& [name, feature] : features) all[name] = change(feature);
  return all;
}

FeatureMap leaves_of(const FeatureMap& features) {
  return changed(features, [](const torch::Tensor& x) { return x.detach().clone().requires_grad_(); });
}

double number(const torch::Tensor& value) {
  return value.item<double>();
}

TEST(FeatureRelations, HaveTheValuesOfNumPy) {
  const std::vector<Json> cases = golden_cases("feature_relations");
  EXPECT_EQ(cases.size(), 64U);
  for (const Json& golden : cases) {
    const auto yaml = golden["loss"].get<std::string>();
    const FeatureMap student = tensors_of(golden["student"]), teacher = tensors_of(golden["teacher"]);
    const PreparedLoss prepared(yaml, student, teacher);
    EXPECT_EQ(prepared.parameters.all().size(), golden["parameters"].size()) << yaml;
    for (const Parameter& parameter : prepared.parameters.all())
      parameter.value.set_data(tensor_of(golden["parameters"][parameter.name]));
    const auto expected = golden["value"].get<double>();
    EXPECT_NEAR(number(prepared.value(student, teacher)), expected, 1e-12 * (1 + expected)) << yaml;
  }
}

TEST(FeatureRelations, HaveTheGradientsOfDifferences) {
  for (const Json& golden : golden_cases("feature_relations")) {
    const auto yaml = golden["loss"].get<std::string>();
    const FeatureMap student = tensors_of(golden["student"]), teacher = tensors_of(golden["teacher"]);
    const PreparedLoss prepared(yaml, student, teacher);
    for (const Parameter& parameter : prepared.parameters.all())
      parameter.value.set_data(tensor_of(golden["parameters"][parameter.name]));
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

TEST(FeatureRelations, GiveTheTeacherNoGradient) {
  for (const Comparison& comparison : comparisons()) {
    const FeatureMap student = leaves_of(students_of(comparison, 4)), teacher = leaves_of(teachers_of(comparison, 4));
    PreparedLoss(comparison.yaml, student, teacher).value(student, teacher).backward();
    EXPECT_GT(number(student.at("s").grad().abs().sum()), 0) << comparison.yaml;
    EXPECT_FALSE(teacher.at("t").grad().defined()) << comparison.yaml;
  }
}

TEST(FeatureRelations, AreZeroWhereTheStudentIsTheTeacher) {
  for (const Comparison& comparison : comparisons()) {
    if (!comparison.of_equals) continue;
    const FeatureMap student = leaves_of(students_of(comparison, 4)),
                     teacher = {{"t", student.at("s")}, {"u", student.at("r")}};
    const torch::Tensor value = PreparedLoss(comparison.yaml, student, teacher).value(student, teacher);
    EXPECT_EQ(number(value), 0) << comparison.yaml;
    value.backward();
    EXPECT_LT(number(student.at("s").grad().abs().max()), 1e-6) << comparison.yaml;
  }
}

TEST(FeatureRelations, AreZeroOfASingleExampleOrMeansOverExamples) {
  const auto repeated = [](const torch::Tensor& x) { return torch::cat({x, x, x}); };
  for (const Comparison& comparison : comparisons()) {
    const int64_t examples = comparison.of_examples ? 1 : 2;
    const FeatureMap student = students_of(comparison, examples), teacher = teachers_of(comparison, examples);
    const PreparedLoss prepared(comparison.yaml, student, teacher);
    const double value = number(prepared.value(student, teacher));
    if (comparison.of_examples)
      EXPECT_NEAR(value, 0, 1e-30) << comparison.yaml;
    else
      EXPECT_NEAR(number(prepared.value(changed(student, repeated), changed(teacher, repeated))), value, 1e-12 * value)
          << comparison.yaml;
  }
}

TEST(FeatureRelations, AreFiniteAtExtremeInputs) {
  const auto check = [](const Comparison& comparison, int64_t examples, const std::string& what,
                        const std::function<torch::Tensor(const torch::Tensor&)>& change) {
    const FeatureMap student = leaves_of(changed(students_of(comparison, examples, torch::kFloat32), change)),
                     teacher = changed(teachers_of(comparison, examples, torch::kFloat32), change);
    const PreparedLoss prepared(comparison.yaml, student, teacher);
    const torch::Tensor value = prepared.value(student, teacher);
    value.backward();
    SCOPED_TRACE(comparison.yaml + " " + what);
    EXPECT_TRUE(std::isfinite(number(value)));
    EXPECT_TRUE(student.at("s").grad().isfinite().all().item<bool>());
    for (const Parameter& parameter : prepared.parameters.all())
      EXPECT_TRUE(parameter.value.grad().isfinite().all().item<bool>()) << parameter.name;
  };
  for (const Comparison& comparison : comparisons())
    for (const int64_t examples : {1, 4}) {
      for (const double scale : {0.0, 1e-40, 1e-30, 1e-4, 1e4})
        check(comparison, examples, std::to_string(scale), [&](const torch::Tensor& x) { return x * scale; });
      check(comparison, examples, "constant", [](const torch::Tensor& x) { return torch::full_like(x, 1e4); });
      check(comparison, examples, "equal examples",
            [](const torch::Tensor& x) { return x.narrow(0, 0, 1).expand_as(x).contiguous(); });
      check(comparison, examples, "an example of zeros", [](const torch::Tensor& x) {
        return torch::cat({torch::zeros_like(x.narrow(0, 0, 1)), x.narrow(0, 1, x.size(0) - 1)});
      });
    }
}

TEST(FeatureRelations, AreNearlyTheSameInFloat32) {
  for (const Comparison& comparison : comparisons()) {
    const auto value_in = [&](const torch::TensorOptions& type) {
      const FeatureMap student = students_of(comparison, 5, type), teacher = teachers_of(comparison, 5, type);
      return number(PreparedLoss(comparison.yaml, student, teacher).value(student, teacher));
    };
    const double exact = value_in(torch::kFloat64);
    EXPECT_NEAR(value_in(torch::kFloat32), exact, 1e-5 * exact) << comparison.yaml;
  }
}

TEST(FeatureRelations, ReadNothingOnTheHost) {
  simulated_device::use();
  const auto on_device = [](const torch::Tensor& x) { return x.to(simulated_device::device()); };
  for (const Comparison& comparison : comparisons()) {
    const FeatureMap student = students_of(comparison, 4, torch::kFloat32),
                     teacher = teachers_of(comparison, 4, torch::kFloat32);
    const double here = number(PreparedLoss(comparison.yaml, student, teacher).value(student, teacher));
    const FeatureMap there = leaves_of(changed(student, on_device)), taught = changed(teacher, on_device);
    const PreparedLoss prepared(comparison.yaml, there, taught);
    torch::Tensor value;
    const simulated_device::Counts counts = simulated_device::count([&] {
      value = prepared.value(there, taught);
      value.backward();
    });
    EXPECT_EQ(counts.host_reads, 0) << comparison.yaml << ": " << counts.to_text();
    EXPECT_EQ(counts.host_writes, 0) << comparison.yaml << ": " << counts.to_text();
    EXPECT_NEAR(number(value.cpu()), here, 1e-5 * here) << comparison.yaml;
  }
}

TEST(FeatureRelations, RefuseFeaturesThatTheyCannotCompare) {
  const auto refusal = [](const std::string& yaml, const Shape& student, const Shape& teacher) {
    return message_of<Error>([&] {
      PreparedLoss(yaml, {{"f", random_feature(batch_of(2, student), 1)}},
                   {{"f", random_feature(batch_of(2, teacher), 1)}});
    });
  };
  for (const char* yaml : {"{nst: f}", "{ickd: f}", "{ab: f}", "{ofd: f}", "{fsp: [f, f]}"})
    EXPECT_EQ(
        refusal(yaml, {3}, {3, 4, 4}),
        "the teacher's feature 'f' is 3x4x4, the student's 'f' 3; expected two pictures [channels, height, width]")
        << yaml;
  EXPECT_EQ(refusal("{fsp: [f, f]}", {3, 4, 4}, {5, 4, 4}),
            "the teacher's feature 'f' is 5x4x4, the student's 'f' 3x4x4; expected as many channels of both");
  EXPECT_EQ(refusal("{fsp: f}", {3, 4, 4}, {3, 4, 4}),
            "the loss 'fsp' multiplies consecutive features, and has only 'f'; name at least two: `from: [FIRST, "
            "SECOND]`");
}

TEST(Rkd, SeesNeitherPlaceNorScaleNorRotation) {
  const FeatureMap student = {{"f", random_feature({5, 3}, 1)}}, teacher = {{"f", random_feature({5, 4}, 2)}};
  const PreparedLoss prepared("{rkd: f}", student, teacher);
  const double value = number(prepared.value(student, teacher));
  EXPECT_GT(value, 0.1);
  const torch::Tensor& x = student.at("f");
  const torch::Tensor turned = torch::stack({x.select(1, 2), -x.select(1, 0), x.select(1, 1)}, 1);
  EXPECT_NEAR(number(prepared.value({{"f", turned * 300 + 7}}, teacher)), value, 1e-10);
}

TEST(Rkd, IsOneWhereAnAngleOfTheTeacherIsStraightAndTheStudentsIsNone) {
  const auto points = [](const std::vector<double>& at) {
    return FeatureMap{{"f", torch::tensor(at, torch::kFloat64).reshape({3, 1})}};
  };
  const FeatureMap teacher = points({-1, 0, 1}), student = points({0, -1, 1});
  // Cosines at the middle point are −1, others 1: those of the two triplets at each of two points differ by 2, of which
  // Huber's loss is 1.5; of 27.
  const PreparedLoss angles("{rkd: {from: f, distance: 0, angle: 1}}", student, teacher);
  EXPECT_NEAR(number(angles.value(student, teacher)), 4 * 1.5 / 27, 1e-12);
  // Distances 1, 1, 2 by their mean 4/3: two of the three differ by 3/4.
  const PreparedLoss distances("{rkd: {from: f, distance: 1, angle: 0}}", student, teacher);
  EXPECT_NEAR(number(distances.value(student, teacher)), 4 * 0.5 * 0.75 * 0.75 / 9, 1e-12);
}

TEST(Relations, DoNotSeeTheScaleOfAFeature) {
  const FeatureMap student = {{"f", random_feature({4, 3, 2, 2}, 1)}},
                   teacher = {{"f", random_feature({4, 5, 2, 2}, 2)}};
  for (const char* yaml : {"{sp: f}", "{pkt: f}", "{cc: f}", "{nst: f}"}) {
    const PreparedLoss prepared(yaml, student, teacher);
    const double value = number(prepared.value(student, teacher));
    EXPECT_NEAR(number(prepared.value({{"f", student.at("f") * 1000}}, teacher)), value, 1e-12) << yaml;
    EXPECT_NEAR(number(prepared.value(student, {{"f", teacher.at("f") * 1e-3}})), value, 1e-12) << yaml;
  }
}

TEST(Nst, DoesNotSeeTheOrderOfTheChannels) {
  const FeatureMap teacher = {{"f", random_feature({2, 5, 3, 3}, 1)}};
  const FeatureMap student = {{"f", teacher.at("f").flip({1}) * 2}};
  for (const char* kernel : {"polynomial", "linear", "gaussian"}) {
    const PreparedLoss prepared(std::string("{nst: {from: f, kernel: ") + kernel + "}}", student, teacher);
    EXPECT_NEAR(number(prepared.value(student, teacher)), 0, 1e-14) << kernel;
  }
}

/// A student whose feature the connector leaves as it is, but for batch norm's ε, and the numbers that it is.
FeatureMap passed_through(const PreparedLoss& prepared, const torch::Tensor& wanted) {
  prepared.parameters.all()[0].value.set_data(torch::ones({1, 1, 1, 1}, torch::kFloat64));
  const torch::Tensor mean = wanted.mean(), deviation = (wanted.var(/*unbiased=*/false) + 1e-5).sqrt();
  prepared.parameters.all()[1].value.set_data(deviation.reshape({1}));
  prepared.parameters.all()[2].value.set_data(mean.reshape({1}));
  return {{"f", wanted}};
}

torch::Tensor row_of(const std::vector<double>& numbers) {
  return torch::tensor(numbers, torch::kFloat64).reshape({1, 1, 1, -1});
}

TEST(Ab, IsNothingOnceTheMarginIsKept) {
  const torch::Tensor signs = row_of({1, -1, 1, -1});
  const FeatureMap teacher = {{"f", signs * row_of({0.1, 5, 3, 0})}};
  const PreparedLoss prepared("{ab: {from: f, margin: 2}}", {{"f", signs}}, teacher);
  EXPECT_EQ(number(prepared.value(passed_through(prepared, signs * 2.5), teacher)), 0);
  EXPECT_NEAR(number(prepared.value(passed_through(prepared, signs * 1.5), teacher)), 4 * 0.25, 1e-12);
  EXPECT_NEAR(number(prepared.value(passed_through(prepared, signs * -1), teacher)), 4 * 9, 1e-12);
}

TEST(Ofd, CountsWhatTheReluLetsThrough) {
  // The margin is −3: T becomes −2, −3, 1, and what is below it costs nothing where it is not positive.
  const FeatureMap teacher = {{"f", row_of({-2, -4, 1})}};
  const PreparedLoss prepared("{ofd: f}", {{"f", row_of({1, 2, 3})}}, teacher);
  EXPECT_EQ(number(prepared.value(passed_through(prepared, row_of({-2.5, -9, 1})), teacher)), 0);
  EXPECT_NEAR(number(prepared.value(passed_through(prepared, row_of({-1, -2, 3})), teacher)), 1 + 1 + 4, 1e-9);
  EXPECT_NEAR(number(prepared.value(passed_through(prepared, row_of({-3, -4, -2})), teacher)), 9, 1e-9);
}

TEST(Ofd, KeepsTheMeanOfNegativeNumbersAsItsState) {
  const FeatureMap first = {{"f", row_of({-2, -4, 1})}}, second = {{"f", row_of({-9, 2, 2})}},
                   positive = {{"f", row_of({1, 2, 3})}};
  const PreparedLoss prepared("{ofd: f}", positive, first);
  const std::vector<Parameter>& state = prepared.parameters.state();
  ASSERT_EQ(state.size(), 2U);
  EXPECT_EQ(state[0].name, "negative_sum");
  for (const FeatureMap* teacher : {&positive, &first, &second}) prepared.value(positive, *teacher);
  EXPECT_EQ(number(state[0].value), -15);
  EXPECT_EQ(number(state[1].value), 3);
  // −5 now: −9 becomes −5, from which −4 differs by 1.
  EXPECT_NEAR(number(prepared.value(passed_through(prepared, row_of({-4, 2, 2})), {{"f", row_of({-5, 2, 2})}})), 1,
              1e-9);
}

}  // namespace
}  // namespace limbeck
