#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <limits>

#include "core/random.h"
#include "loss/objective.h"
#include "support/gradient_check.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

std::unique_ptr<Loss> make_loss(const std::string& yaml) {
  return choose(Slot::loss, yaml).make<Loss>();
}

torch::Tensor value_of(const Loss& loss, const torch::Tensor& z, const torch::Tensor& v, const torch::Tensor& y = {}) {
  return loss.value({.logits = z}, {.logits = v}, {.labels = y});
}

torch::Tensor gradient_of(const Loss& loss, const torch::Tensor& z, const torch::Tensor& v,
                          const torch::Tensor& y = {}) {
  return gradient_at([&](const torch::Tensor& x) { return value_of(loss, x, v, y); }, z);
}

/// Compares the gradient with central differences in float64.
void check_gradient(const Loss& loss, const torch::Tensor& z, const torch::Tensor& v, const torch::Tensor& y = {}) {
  expect_numeric_gradient([&](const torch::Tensor& x) { return value_of(loss, x, v, y); }, z);
}

torch::Tensor random_logits(int64_t n, int64_t c, uint64_t seed, double scale = 3) {
  torch::Tensor logits = torch::empty({n, c}, torch::kFloat64);
  Random random({seed, Purpose::synthesis});
  for (int64_t i = 0; i < logits.numel(); ++i) logits.view({-1})[i] = scale * random.normal();
  return logits;
}

TEST(SoftTargets, HasTheHandComputedValue) {
  // Two classes, T = 2: p = (3/4, 1/4), q = (1/2, 1/2); KL = 3/4 ln(3/2) + 1/4 ln(1/2); times T² = 4.
  const torch::Tensor v = torch::tensor({{2 * std::log(3.0), 0.0}}, torch::kFloat64),
                      z = torch::zeros({1, 2}, torch::kFloat64);
  const double kl = 0.75 * std::log(1.5) + 0.25 * std::log(0.5);
  EXPECT_NEAR(value_of(*make_loss("{soft_targets: {temperature: 2}}"), z, v).item<double>(), 4 * kl, 1e-12);
  EXPECT_NEAR(value_of(*make_loss("{soft_targets: {temperature: 2, form: cross_entropy}}"), z, v).item<double>(),
              4 * std::log(2.0), 1e-12);
}

TEST(SoftTargets, OfUnlabelledExamplesAreTheirMeanAlone) {
  const torch::Tensor z = random_logits(5, 4, 1), v = random_logits(5, 4, 2),
                      labels = torch::tensor({-1, 2, -1, 0, 1}, torch::kInt64);
  const auto all = make_loss("{soft_targets: {temperature: 3}}"),
             unlabelled = make_loss("{soft_targets: {temperature: 3, examples: unlabelled}}");
  const torch::Tensor rows = torch::tensor({0, 2}, torch::kInt64);
  EXPECT_NEAR(value_of(*unlabelled, z, v, labels).item<double>(),
              value_of(*all, z.index_select(0, rows), v.index_select(0, rows)).item<double>(), 1e-12);
  check_gradient(*unlabelled, z, v, labels);
  const torch::Tensor gradient = gradient_of(*unlabelled, z, v, labels);
  EXPECT_EQ(gradient[1].abs().sum().item<double>(), 0);
  EXPECT_EQ(value_of(*unlabelled, z, v, labels.abs()).item<double>(), 0);
  EXPECT_EQ(gradient_of(*unlabelled, z, v, labels.abs()).abs().sum().item<double>(), 0);
}

TEST(SoftTargets, IsAMeanOverExamplesAndASumOverClasses) {
  const torch::Tensor z = random_logits(1, 5, 1), v = random_logits(1, 5, 2);
  const auto loss = make_loss("{soft_targets: 3}");
  EXPECT_NEAR(value_of(*loss, z.repeat({4, 1}), v.repeat({4, 1})).item<double>(), value_of(*loss, z, v).item<double>(),
              1e-12);
}

TEST(SoftTargets, GradientIsTTimesTheDifferenceOfDistributions) {
  const torch::Tensor z = random_logits(3, 6, 3), v = random_logits(3, 6, 4);
  for (const double temperature : {0.5, 1.0, 4.0, 20.0}) {
    const auto loss = make_loss(fmt::format("{{soft_targets: {}}}", temperature));
    check_gradient(*loss, z, v);
    const torch::Tensor expected =
        (torch::softmax(z / temperature, 1) - torch::softmax(v / temperature, 1)) * temperature / 3;
    EXPECT_TRUE(gradient_of(*loss, z, v).allclose(expected, 1e-9, 1e-12));  // T² · (q − p)/T, mean over 3
  }
}

TEST(SoftTargets, CrossEntropyAndKlHaveTheSameGradient) {
  const torch::Tensor z = random_logits(4, 7, 5), v = random_logits(4, 7, 6);
  const torch::Tensor kl = gradient_of(*make_loss("{soft_targets: {temperature: 3}}"), z, v);
  const torch::Tensor entropy = gradient_of(*make_loss("{soft_targets: {temperature: 3, form: cross_entropy}}"), z, v);
  EXPECT_TRUE(kl.allclose(entropy, 1e-10, 1e-14));
}

// Hinton et al. 2015, equations 2 to 4: at high T and with zero-mean logits the gradient without T² is (z − v)/(N T²).
TEST(SoftTargets, AtHighTemperatureIsLogitRegression) {
  const int64_t classes = 10;
  torch::Tensor z = random_logits(1, classes, 7), v = random_logits(1, classes, 8);
  z = z - z.mean();
  v = v - v.mean();
  double last_error = std::numeric_limits<double>::infinity();
  for (const double temperature : {10.0, 100.0, 1000.0}) {
    const torch::Tensor gradient =
        gradient_of(*make_loss(fmt::format("{{soft_targets: {}}}", temperature)), z, v) / (temperature * temperature);
    const torch::Tensor limit = (z - v) / (static_cast<double>(classes) * temperature * temperature);
    const double error = ((gradient - limit).norm() / limit.norm()).item<double>();
    EXPECT_LT(error, last_error / 5);  // the error falls as 1/T
    last_error = error;
  }
  EXPECT_LT(last_error, 0.01);
}

TEST(SoftTargets, GradientReachesTheStudentOnly) {
  const torch::Tensor z = random_logits(2, 3, 9).requires_grad_(), v = random_logits(2, 3, 10).requires_grad_();
  value_of(*make_loss("soft_targets"), z, v).backward();
  EXPECT_GT(z.grad().abs().sum().item<double>(), 0);
  EXPECT_FALSE(v.grad().defined());
}

// Yuan et al.'s program calls PyTorch's KLDivLoss with its default reduction, an average over examples and classes.
TEST(SoftTargets, ReducedByMeanAreSmallerByTheNumberOfClasses) {
  const torch::Tensor z = random_logits(3, 6, 13), v = random_logits(3, 6, 14);
  const auto batchmean = make_loss("{soft_targets: {temperature: 5}}"),
             mean = make_loss("{soft_targets: {temperature: 5, reduction: mean}}");
  const torch::Tensor log_q = torch::log_softmax(z / 5, 1), p = torch::softmax(v / 5, 1);
  EXPECT_NEAR(value_of(*mean, z, v).item<double>(),
              (25 * torch::kl_div(log_q, p, torch::Reduction::Mean)).item<double>(), 1e-12);
  EXPECT_TRUE(gradient_of(*batchmean, z, v).allclose(gradient_of(*mean, z, v) * 6, 1e-10, 1e-14));
  const torch::Tensor z32 = z.to(torch::kFloat32), v32 = v.to(torch::kFloat32);  // the pass in one piece
  EXPECT_NEAR(value_of(*mean, z32, v32).item<double>(), value_of(*mean, z, v).item<double>(), 1e-6);
}

TEST(SoftTargets, OfSeveralNetworksAreComparedWithTheirMeanAtTheTemperature) {
  const torch::Tensor z = random_logits(3, 4, 15),
                      members = torch::stack({random_logits(3, 4, 16), random_logits(3, 4, 17)}, 1);
  const torch::Tensor p = torch::softmax(members / 3, 2).mean(1), log_q = torch::log_softmax(z / 3, 1);
  const double expected = (9 * p * (p.log() - log_q)).sum().item<double>() / 3;
  const TeacherOutputs teacher{.logits = log_mean_distribution(members, 1), .features = {}, .members = members};
  for (const auto type : {torch::kFloat64, torch::kFloat32}) {
    const TeacherOutputs typed{.logits = teacher.logits.to(type), .features = {}, .members = members.to(type)};
    EXPECT_NEAR(make_loss("{soft_targets: 3}")->value({.logits = z.to(type)}, typed, {}).item<double>(), expected,
                1e-5);
  }
}

TEST(LabelSmoothing, HasTheHandComputedValueAndSkipsUnlabelledExamples) {
  // p = (1/2, 1/2): every form of label costs log 2.
  const torch::Tensor z = torch::tensor({{0.0, 0.0}, {5.0, -5.0}}, torch::kFloat64), y = torch::tensor({1, -1});
  EXPECT_NEAR(value_of(*make_loss("{label_smoothing: 0.2}"), z, {}, y).item<double>(), std::log(2.0), 1e-12);
  // p = (3/4, 1/4), label 0, a = 0.2: q' = (0.9, 0.1).
  const torch::Tensor sure = torch::tensor({{std::log(3.0), 0.0}}, torch::kFloat64), first = torch::tensor({0});
  const double expected = -0.9 * std::log(0.75) - 0.1 * std::log(0.25);
  EXPECT_NEAR(value_of(*make_loss("{label_smoothing: 0.2}"), sure, {}, first).item<double>(), expected, 1e-12);
  EXPECT_EQ(value_of(*make_loss("label_smoothing"), z, {}, torch::tensor({-1, -1})).item<double>(), 0);
}

// Yuan et al. 2019, section 3: label smoothing is distillation from the uniform teacher at T = 1.
TEST(LabelSmoothing, IsDistillationFromTheUniformTeacher) {
  const torch::Tensor z = random_logits(6, 5, 21), uniform = torch::zeros({6, 5}, torch::kFloat64);
  const torch::Tensor y = torch::tensor({0, 4, 2, 2, 1, 3});
  for (const double a : {0.1, 0.6}) {
    const auto hard = make_loss("hard_labels"), soft = make_loss("{soft_targets: 1}");
    const auto smooth = make_loss(fmt::format("{{label_smoothing: {{amount: {}, form: kl}}}}", a));
    const double distilled =
        (1 - a) * value_of(*hard, z, {}, y).item<double>() + a * value_of(*soft, z, uniform).item<double>();
    EXPECT_NEAR(value_of(*smooth, z, {}, y).item<double>(), distilled, 1e-12);
    const torch::Tensor gradient = (1 - a) * gradient_of(*hard, z, {}, y) + a * gradient_of(*soft, z, uniform);
    EXPECT_TRUE(gradient_of(*smooth, z, {}, y).allclose(gradient, 1e-10, 1e-14));
    const auto entropy = make_loss(fmt::format("{{label_smoothing: {}}}", a));
    EXPECT_TRUE(gradient_of(*entropy, z, {}, y).allclose(gradient, 1e-10, 1e-14));
    check_gradient(*smooth, z, {}, y);
  }
}

// As Yuan et al.'s program: 1 − a for the label, a / (C − 1) for each other class.
TEST(LabelSmoothing, OverTheOtherClassesIsThatOfTheirProgram) {
  const torch::Tensor z = random_logits(3, 5, 41), y = torch::tensor({0, 4, 2});
  const torch::Tensor smoothed = torch::full({3, 5}, 0.1 / 4, torch::kFloat64).scatter(1, y.unsqueeze(1), 0.9);
  const double expected = -(smoothed * torch::log_softmax(z, 1)).sum().item<double>() / 3;
  const auto loss = make_loss("{label_smoothing: {amount: 0.1, over: others}}");
  EXPECT_NEAR(value_of(*loss, z, {}, y).item<double>(), expected, 1e-12);
  check_gradient(*loss, z, {}, y);
  EXPECT_THROW(make_loss("{label_smoothing: {form: kl, over: others}}"), DiagnosticsError);
}

TEST(LogitRegression, NormalizedMeasuresEachLogitInItsDeviation) {
  const torch::Tensor v = torch::tensor({{1.0, 10.0}, {3.0, 50.0}, {5.0, 30.0}}, torch::kFloat64);
  const TeacherStatistics statistics = statistics_of(v);
  EXPECT_TRUE(statistics.mean.allclose(torch::tensor({3.0, 30.0}, torch::kFloat64)));
  EXPECT_TRUE(
      statistics.deviation.allclose(torch::tensor({std::sqrt(8.0 / 3), std::sqrt(800.0 / 3)}, torch::kFloat64)));
  const torch::Tensor z = random_logits(3, 2, 42, 20);
  const auto loss = make_loss("{logit_regression: {normalize: true}}");
  EXPECT_TRUE(loss->needs().teacher_statistics);
  EXPECT_THROW(value_of(*loss, z, v), Error);  // it has not been told the statistics
  loss->use(statistics);
  const auto normalized = [&](const torch::Tensor& x) { return (x - statistics.mean) / statistics.deviation; };
  EXPECT_NEAR(value_of(*loss, z, v).item<double>(), (normalized(z) - normalized(v)).square().sum().item<double>() / 6,
              1e-10);
  check_gradient(*loss, z, v);
  EXPECT_FALSE(make_loss("logit_regression")->needs().teacher_statistics);
  loss->use(statistics_of(torch::ones({4, 2}, torch::kFloat64)));  // a logit that never changes
  EXPECT_NEAR(value_of(*loss, z, v).item<double>(), value_of(*make_loss("logit_regression"), z, v).item<double>(),
              1e-10);
}

TEST(Community, PullsEachNetworkTowardsTheMeanOfAll) {
  const torch::Tensor z = random_logits(4, 5, 43), other = random_logits(4, 5, 44);
  const torch::Tensor p = (torch::softmax(z / 2, 1) + torch::softmax(other / 2, 1)) / 2,
                      log_q = torch::log_softmax(z / 2, 1);
  const auto loss = make_loss("{community: 2}");
  const auto value = [&](const torch::Tensor& logits) {
    return loss->value({.logits = logits, .community = {z, other}}, {}, {});
  };
  EXPECT_NEAR(value(z).item<double>(), (4 * p * (p.log() - log_q)).sum().item<double>() / 4, 1e-12);
  const torch::Tensor leaf = z.clone().requires_grad_();
  value(leaf).backward();
  EXPECT_TRUE(leaf.grad().allclose((torch::softmax(z / 2, 1) - p) * 2 / 4, 1e-10,
                                   1e-14));  // T² (q − p)/T, the mean being given
  EXPECT_THROW(loss->value({.logits = z}, {}, {}), Error);
  const torch::Tensor extreme = torch::tensor({{1e4F, -1e4F, 0.0F}});
  EXPECT_TRUE(loss->value({.logits = extreme, .community = {extreme, -extreme}}, {}, {}).isfinite().item<bool>());
}

TEST(Community, WithMomentumPullsTowardsTheAverageOfEachExampleOverTheEpochs) {
  const auto loss = make_loss("{community: {temperature: 2, momentum: 0.75}}");
  EXPECT_TRUE(loss->needs().shapes && loss->needs().epochs);
  LossParameters parameters(1, 0, torch::kCPU);
  loss->prepare(
      {.student_logits = {5}, .teacher_logits = {}, .student_features = {}, .teacher_features = {}, .examples = 6},
      parameters);
  const auto distribution = [](const torch::Tensor& one, const torch::Tensor& other) {
    return (torch::softmax(one / 2, 1) + torch::softmax(other / 2, 1)) / 2;
  };
  const auto expect_towards = [&](const torch::Tensor& p, const std::vector<torch::Tensor>& community,
                                  const std::vector<int64_t>& ids, double epochs) {
    for (const torch::Tensor& z : community) {  // each asks in turn, and the average moves once
      const double value = loss->value({.logits = z, .community = community}, {},
                                       {.ids = torch::tensor(ids), .epochs = torch::tensor(epochs, torch::kFloat)})
                               .item<double>();
      EXPECT_NEAR(value, (4 * p * (p.log() - torch::log_softmax(z / 2, 1))).sum().item<double>() / 2, 1e-6) << epochs;
    }
  };
  const torch::Tensor a = random_logits(2, 5, 1), b = random_logits(2, 5, 2), c = random_logits(2, 5, 3);
  torch::Tensor average = distribution(a, b);
  expect_towards(average, {a, b}, {4, 1}, 0.5);
  average = 0.75 * average + 0.25 * distribution(b, c);
  expect_towards(average, {b, c}, {4, 1}, 1.25);
  const torch::Tensor before = average;
  average = 0.75 * average + 0.25 * distribution(a, c);
  expect_towards(average, {a, c}, {4, 1}, 2.0);
  expect_towards(distribution(a, c), {a, c}, {0, 5}, 2.5);                         // others have averages of their own
  expect_towards(0.75 * before + 0.25 * distribution(b, b), {b, b}, {4, 1}, 2.5);  // the epoch's again, as after a stop
  EXPECT_EQ(parameters.state().size(), 3U);
}

TEST(Mutual, IsTheMeanDivergenceFromTheOthers) {
  const torch::Tensor z = random_logits(4, 5, 43), second = random_logits(4, 5, 44), third = random_logits(4, 5, 45);
  const auto loss = make_loss("{mutual: 2}");
  const auto value = [&](const torch::Tensor& logits) {
    return loss->value({.logits = logits, .community = {second, z, third}}, {}, {});
  };
  const torch::Tensor log_q = torch::log_softmax(z / 2, 1);
  double expected = 0;
  for (const torch::Tensor& other : {second, third}) {
    const torch::Tensor p = torch::softmax(other / 2, 1);
    expected += (4 * p * (p.log() - log_q)).sum().item<double>() / 4 / 2;
  }
  EXPECT_NEAR(value(z).item<double>(), expected, 1e-12);
  const torch::Tensor mean = (torch::softmax(second / 2, 1) + torch::softmax(third / 2, 1)) / 2;
  const torch::Tensor gradient = gradient_at(value, z);
  EXPECT_TRUE(gradient.allclose((torch::softmax(z / 2, 1) - mean) * 2 / 4, 1e-10, 1e-14));
  EXPECT_EQ(loss->value({.logits = z, .community = {z}}, {}, {}).item<double>(), 0);
  EXPECT_THROW(loss->value({.logits = z}, {}, {}), Error);
  const torch::Tensor extreme = torch::tensor({{1e4F, -1e4F, 0.0F}});
  EXPECT_TRUE(loss->value({.logits = extreme, .community = {extreme, -extreme}}, {}, {}).isfinite().item<bool>());
}

TEST(Objective, StandardizesLogitsWhereARecipeSaysSo) {
  LossTermRecipe term{.loss = choose(Slot::loss, "{soft_targets: 2}")};
  const torch::Tensor z = random_logits(3, 6, 1), v = random_logits(3, 6, 2);
  const auto value = [&](const torch::Tensor& student, const torch::Tensor& teacher) {
    return Objective({term}).value({.logits = student}, {.logits = teacher}, {}, {.numbers = {1}}).total;
  };
  for (const auto by : {Standardize::population, Standardize::sample}) {
    term.standardize = by;
    const bool unbiased = by == Standardize::sample;
    const auto by_hand = [&](const torch::Tensor& x) {
      return (x - x.mean(1, true)) / (x.std(torch::IntArrayRef{1}, unbiased, true) + 1e-7);
    };
    const auto plain = make_loss("{soft_targets: 2}");
    EXPECT_NEAR(value(z, v).item<double>(), value_of(*plain, by_hand(z), by_hand(v)).item<double>(), 1e-12);
    expect_numeric_gradient([&](const torch::Tensor& x) { return value(x, v); }, z);
    EXPECT_NEAR(value(z * 5 + 3, v).item<double>(), value(z, v).item<double>(), 1e-6);  // scale and place do not matter
    const torch::Tensor extreme = torch::tensor({{1e20F, -1e20F, 0.0F}, {7.0F, 7.0F, 7.0F}});
    const auto of_extreme = [&](const torch::Tensor& x) { return value(x, extreme); };
    EXPECT_TRUE(of_extreme(extreme).isfinite().item<bool>());
    EXPECT_TRUE(gradient_at(of_extreme, extreme).isfinite().all().item<bool>());
    const torch::Tensor members = torch::stack({random_logits(3, 6, 3), random_logits(3, 6, 4)}, 1);
    const torch::Tensor mean = torch::log(torch::softmax(by_hand(members.select(1, 0)) / 2, 1) / 2 +
                                          torch::softmax(by_hand(members.select(1, 1)) / 2, 1) / 2);
    const TeacherOutputs ensemble{.logits = log_mean_distribution(members, 1), .features = {}, .members = members};
    EXPECT_NEAR(Objective({term}).value({.logits = z}, ensemble, {}, {.numbers = {1}}).total.item<double>(),
                (4 * mean.exp() * (mean - torch::log_softmax(by_hand(z) / 2, 1))).sum().item<double>() / 3, 1e-10);
  }
  term = {.loss = choose(Slot::loss, "hard_labels"), .standardize = Standardize::sample};
  EXPECT_EQ(
      message_of<Error>([&] { Objective({term}); }),
      "the loss 'hard_labels' does not compare logits of teacher and student, which 'standardize' is of; leave it "
      "out");
}

TEST(LogitRegression, HasTheHandComputedValueAndGradient) {
  const torch::Tensor z = torch::tensor({{1.0, 2.0}, {0.0, 0.0}}, torch::kFloat64);
  const torch::Tensor v = torch::tensor({{0.0, 4.0}, {0.0, 1.0}}, torch::kFloat64);
  const auto loss = make_loss("logit_regression");
  EXPECT_NEAR(value_of(*loss, z, v).item<double>(), (1.0 + 4.0 + 1.0) / (2 * 2), 1e-12);
  EXPECT_TRUE(gradient_of(*loss, z, v).allclose((z - v) / 2));
  check_gradient(*loss, z, v);
}

TEST(ProbabilityRegression, HasTheHandComputedValueAndGradient) {
  // q = (1/2, 1/2), p = (3/4, 1/4)
  const torch::Tensor z = torch::zeros({1, 2}, torch::kFloat64),
                      v = torch::tensor({{2 * std::log(3.0), 0.0}}, torch::kFloat64);
  EXPECT_NEAR(value_of(*make_loss("{probability_regression: 2}"), z, v).item<double>(), 1.0 / 16, 1e-12);
  check_gradient(*make_loss("{probability_regression: {temperature: 3}}"), random_logits(4, 5, 31),
                 random_logits(4, 5, 32));
}

TEST(Losses, AreFiniteAtExtremeLogits) {
  const torch::Tensor extreme = torch::tensor({{1e4F, -1e4F, 0.0F}, {-1e4F, 1e4F, 1e4F}}),
                      labels = torch::tensor({1, 0});
  for (const std::string loss :
       {"hard_labels", "{soft_targets: 1}", "{soft_targets: 20}", "{soft_targets: {form: cross_entropy}}",
        "label_smoothing", "logit_regression", "probability_regression"}) {
    const auto made = make_loss(loss);
    EXPECT_TRUE(std::isfinite(value_of(*made, extreme, -extreme, labels).item<double>())) << loss;
    EXPECT_TRUE(gradient_of(*made, extreme, -extreme, labels).isfinite().all().item<bool>()) << loss;
  }
  const torch::Tensor largest = extreme * 3e34F;  // their differences are past the largest float
  EXPECT_TRUE(std::isfinite(value_of(*make_loss("{soft_targets: 20}"), largest, largest).item<double>()));
}

TEST(Losses, InFloat32AreWhatTheyAreInFloat64) {
  const torch::Tensor v = random_logits(50, 10, 11, 8);
  const torch::Tensor y = torch::arange(50).remainder(11) - 1;  // with unlabelled examples among them
  torch::Tensor z = random_logits(50, 10, 12, 8);
  z[3] *= 1000;
  for (const char* yaml : {"{soft_targets: {temperature: 20}}", "{soft_targets: {temperature: 1}}",
                           "{soft_targets: {temperature: 3, form: cross_entropy}}", "hard_labels"}) {
    const auto loss = make_loss(yaml);
    const torch::Tensor z32 = z.to(torch::kFloat32), v32 = v.to(torch::kFloat32);
    const double exact = value_of(*loss, z, v, y).item<double>();
    EXPECT_NEAR(value_of(*loss, z32, v32, y).item<double>(), exact, 1e-5 * (1 + std::abs(exact))) << yaml;
    EXPECT_TRUE(gradient_of(*loss, z32, v32, y).to(torch::kFloat64).allclose(gradient_of(*loss, z, v, y), 1e-4, 1e-6))
        << yaml;
  }
}

TEST(Losses, RefuseShapesThatDoNotFit) {
  EXPECT_THROW(value_of(*make_loss("{soft_targets: 2}"), torch::zeros({2, 3}), torch::zeros({2, 2})), Error);
  EXPECT_THROW(value_of(*make_loss("{soft_targets: 2}"), torch::zeros({2, 3}), torch::zeros({1, 3})), Error);
  EXPECT_THROW(value_of(*make_loss("hard_labels"), torch::zeros({2, 3}), {}, torch::tensor({0})), Error);
  for (const char* yaml : {"soft_targets", "logit_regression", "probability_regression"})
    for (const auto type : {torch::kFloat32, torch::kFloat64})
      EXPECT_THROW(value_of(*make_loss(yaml), torch::zeros({2, 3}, type), torch::zeros({1, 3}, type)), Error) << yaml;
}

TEST(HardLabels, RefuseALabelThatIsNoOutput) {
  EXPECT_THROW(value_of(*make_loss("hard_labels"), torch::zeros({2, 3}), {}, torch::tensor({0, 3})), Error);
}

TEST(HardLabels, HaveTheHandComputedValueAndSkipUnlabelledExamples) {
  const auto loss = make_loss("hard_labels");
  const torch::Tensor z = torch::tensor({{std::log(3.0), 0.0}, {0.0, 0.0}, {5.0, 1.0}}, torch::kFloat64);
  const double expected = (-std::log(0.75) - std::log(0.5)) / 2;
  EXPECT_NEAR(value_of(*loss, z, {}, torch::tensor({0, 1, -1})).item<double>(), expected, 1e-12);
  EXPECT_EQ(value_of(*loss, z, {}, torch::tensor({-1, -1, -1})).item<double>(), 0);
  check_gradient(*loss, z, {}, torch::tensor({0, 1, -1}));
}

// λ L(y_i) + (1 − λ) L(y_j), of each example on its own.
TEST(MixedLabels, CountByTheirShares) {
  const torch::Tensor z = random_logits(6, 5, 61), y = torch::tensor({0, 4, 2, 3, 1, 1}),
                      partner = torch::tensor({3, 4, 0, 1, 2, 0});
  const torch::Tensor share = torch::tensor({0.25, 0.5, 1.0, 0.0, 0.9, 0.125}, torch::kFloat32);
  for (const char* yaml :
       {"hard_labels", "label_smoothing", "{label_smoothing: {form: kl}}", "{label_smoothing: {over: others}}"}) {
    const auto loss = make_loss(yaml);
    double expected = 0;
    for (int64_t i = 0; i < 6; ++i) {
      const auto alone = [&](const torch::Tensor& labels) {
        return value_of(*loss, z.slice(0, i, i + 1), {}, labels.slice(0, i, i + 1)).item<double>();
      };
      expected += (share[i].item<double>() * alone(y) + (1 - share[i].item<double>()) * alone(partner)) / 6;
    }
    const auto mixed = [&](const torch::Tensor& logits) {
      return loss->value({.logits = logits}, {}, {y, {}, partner, share});
    };
    EXPECT_NEAR(mixed(z).item<double>(), expected, 1e-10) << yaml;
    EXPECT_NEAR(mixed(z.to(torch::kFloat32)).item<double>(), expected, 1e-5) << yaml;
    const torch::Tensor exact = z.clone().requires_grad_(), single = z.to(torch::kFloat32).requires_grad_();
    mixed(exact).backward();
    mixed(single).backward();
    EXPECT_TRUE(single.grad().to(torch::kFloat64).allclose(exact.grad(), 1e-5, 1e-6)) << yaml;
  }
}

TEST(MixedLabels, ThatAreNotKnownCountNothing) {
  const torch::Tensor z = torch::tensor({{std::log(3.0), 0.0}, {0.0, 0.0}, {5.0, 1.0}}, torch::kFloat64);
  const torch::Tensor share = torch::tensor({0.25, 0.75, 0.5}, torch::kFloat32);
  const Targets targets{torch::tensor({0, -1, -1}), {}, torch::tensor({-1, 1, -1}), share};
  for (const auto type : {torch::kFloat64, torch::kFloat32}) {
    const auto value = [&](const std::string& yaml, const Targets& of) {
      return make_loss(yaml)->value({.logits = z.to(type)}, {}, of).item<double>();
    };
    EXPECT_NEAR(value("hard_labels", targets), (0.25 * -std::log(0.75) + 0.25 * std::log(2.0)) / 0.5, 1e-6);
    EXPECT_NEAR(value("{label_smoothing: 0}", targets), value("hard_labels", targets), 1e-6);
    const Targets unknown{torch::tensor({-1, -1, -1}), {}, torch::tensor({-1, -1, -1}), share};
    EXPECT_EQ(value("hard_labels", unknown), 0);
    EXPECT_EQ(value("label_smoothing", unknown), 0);
  }
}

TEST(MixedLabels, OfTwoEqualLabelsAreThatLabel) {
  const torch::Tensor z = random_logits(4, 5, 62), y = torch::tensor({0, 4, 2, -1}),
                      share = torch::tensor({0.25, 0.5, 1.0, 0.3});
  for (const char* yaml : {"hard_labels", "label_smoothing"})
    EXPECT_NEAR(make_loss(yaml)->value({.logits = z}, {}, {y, {}, y, share}).item<double>(),
                value_of(*make_loss(yaml), z, {}, y).item<double>(), 1e-12);
}

TEST(Objective, IsTheWeightedSumWithSchedules) {
  const Recipe recipe = parse_recipe(R"(
name: o
data: { source: digits }
networks: { n: { mlp: [3] } }
stages:
  - { name: t, train: n }
  - name: s
    train: n
    teacher: t
    loss: [ soft_targets: { temperature: 2, weight: { from: 1, to: 0, epochs: 10 } },
            soft_targets: { temperature: 8, weight: 0.5 }, hard_labels ]
)",
                                     "o.yaml", {}, components());
  const Objective objective(recipe.stages[1].loss);
  EXPECT_EQ(objective.names(), (std::vector<std::string>{"soft_targets", "soft_targets.2", "hard_labels"}));
  const torch::Tensor z = random_logits(2, 3, 11), v = random_logits(2, 3, 12), y = torch::tensor({0, 2});
  const auto value = objective.value({.logits = z}, {.logits = v}, {.labels = y}, objective.weights_at(4));
  const auto term = [&](const std::string& yaml) { return value_of(*make_loss(yaml), z, v, y).item<double>(); };
  EXPECT_NEAR(value.total.item<double>(),
              0.6 * term("{soft_targets: 2}") + 0.5 * term("{soft_targets: 8}") + term("hard_labels"), 1e-10);
  EXPECT_TRUE(objective.needs().teacher_logits);
}

TEST(Objective, OfACommitteeIsTheSumOverItsMembers) {
  const Recipe recipe = parse_recipe(R"(
name: o
data: { source: digits }
networks: { n: { mlp: [3] } }
stages:
  - { name: s, train: n, replicas: { count: 2, together: true },
      loss: [ community: { temperature: 2, weight: 0.5 }, hard_labels ] }
)",
                                     "o.yaml", {}, components());
  const Objective objective(recipe.stages[0].loss);
  EXPECT_TRUE(objective.needs().community);
  const torch::Tensor y = torch::tensor({0, 2});
  std::vector<torch::Tensor> members = {random_logits(2, 3, 51), random_logits(2, 3, 52)};
  double expected = 0, hard = 0;
  for (const torch::Tensor& z : members) {
    const double own = value_of(*make_loss("hard_labels"), z, {}, y).item<double>();
    expected +=
        own + 0.5 * make_loss("{community: 2}")->value({.logits = z, .community = members}, {}, {}).item<double>();
    hard += own / 2;
  }
  for (torch::Tensor& z : members) z.requires_grad_();
  const auto value = objective.value({.logits = members[0], .features = {}, .members = members}, {}, {.labels = y},
                                     objective.weights_at(0));
  EXPECT_NEAR(value.total.item<double>(), expected, 1e-10);
  EXPECT_NEAR(value.terms[1].item<double>(), hard, 1e-10);
  value.total.backward();
  const torch::Tensor alone = members[1].detach().clone().requires_grad_();  // each learns as if it were alone
  (value_of(*make_loss("hard_labels"), alone, {}, y) +
   0.5 * make_loss("{community: 2}")->value({.logits = alone, .community = members}, {}, {}))
      .backward();
  EXPECT_TRUE(members[1].grad().allclose(alone.grad(), 1e-10, 1e-14));
}

}  // namespace
}  // namespace limbeck
