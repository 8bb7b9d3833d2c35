// Losses over logits: their values against NumPy's (tests/golden), their gradients against differences, and what their
// papers prove of them.
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

/// What a loss is given, but the student's logits.
struct LogitCase {
  TeacherOutputs teacher;
  Targets targets;

  torch::Tensor value(const std::string& yaml, const torch::Tensor& z) const {
    return choose(Slot::loss, yaml).make<Loss>()->value({.logits = z}, teacher, targets);
  }
  double number(const std::string& yaml, const torch::Tensor& z) const { return value(yaml, z).item<double>(); }
  torch::Tensor gradient(const std::string& yaml, const torch::Tensor& z) const {
    return gradient_at([&](const torch::Tensor& x) { return value(yaml, x); }, z);
  }
};

/// v: logits [N, C], or [N, M, C] of M networks.
TeacherOutputs teacher_of(const torch::Tensor& v) {
  if (v.dim() == 2) return {.logits = v, .features = {}, .members = {}};
  return {.logits = log_mean_distribution(v, 1), .features = {}, .members = v};
}

LogitCase case_of(const Json& golden, torch::ScalarType type = torch::kFloat64) {
  const auto labels = [&](const char* key) {
    return golden.contains(key) ? torch::tensor(golden[key].get<std::vector<int64_t>>()) : torch::Tensor();
  };
  torch::Tensor mix;
  if (golden.contains("mix")) mix = torch::tensor(golden["mix"].get<std::vector<float>>());
  return {teacher_of(tensor_of(golden["teacher"]).to(type)), {labels("labels"), {}, labels("partner_labels"), mix}};
}

torch::Tensor normal_logits(const std::vector<int64_t>& shape, uint64_t seed) {
  torch::Tensor logits = torch::empty(shape, torch::kFloat64);
  Random random({seed, Purpose::synthesis});
  for (int64_t i = 0; i < logits.numel(); ++i) logits.view({-1})[i] = 2 * random.normal();
  return logits;
}

/// All of them, with options that take other ways.
const std::vector<std::string> kLogitLosses = {"dkd",
                                               "{dkd: {temperature: 1}}",
                                               "nkd",
                                               "{nkd: {temperature: 3}}",
                                               "dist",
                                               "{dist: 4}",
                                               "ttm",
                                               "{ttm: 0.5}",
                                               "wttm",
                                               "{wttm: 0.5}",
                                               "mlkd",
                                               "{mlkd: [0.5]}",
                                               "sigmoid_targets",
                                               "{sigmoid_targets: {temperature: 3, reduction: mean}}",
                                               "sigmoid_labels",
                                               "{sigmoid_labels: {reduction: mean}}",
                                               "logit_regression",
                                               "{logit_regression: {distance: absolute}}",
                                               "{logit_regression: {distance: huber}}"};

TEST(LogitLosses, HaveTheValuesOfNumPy) {
  const std::vector<Json> cases = golden_cases("logit_losses");
  EXPECT_EQ(cases.size(), 138U);
  for (const Json& golden : cases) {
    const auto yaml = golden["loss"].get<std::string>();
    const double expected = golden["value"].get<double>();
    const torch::Tensor z = tensor_of(golden["student"]);
    EXPECT_NEAR(case_of(golden).number(yaml, z), expected, 1e-12 * std::abs(expected)) << yaml << z.sizes();
    EXPECT_NEAR(case_of(golden, torch::kFloat32).number(yaml, z.to(torch::kFloat32)), expected,
                2e-5 * (1 + std::abs(expected)))
        << yaml << z.sizes();
  }
}

TEST(LogitLosses, HaveTheGradientsOfDifferences) {
  for (const Json& golden : golden_cases("logit_losses")) {
    const auto yaml = golden["loss"].get<std::string>();
    const LogitCase given = case_of(golden);
    expect_numeric_gradient([&](const torch::Tensor& z) { return given.value(yaml, z); }, tensor_of(golden["student"]),
                            yaml);
  }
}

TEST(LogitLosses, InFloat32HaveTheGradientsOfFloat64) {
  const torch::Tensor z = 2 * normal_logits({40, 10}, 1), v = 2 * normal_logits({40, 10}, 2),
                      labels = torch::arange(40).remainder(11) - 1;
  for (const std::string& yaml : kLogitLosses) {
    const torch::Tensor exact = LogitCase{teacher_of(v), {.labels = labels}}.gradient(yaml, z);
    const torch::Tensor single =
        LogitCase{teacher_of(v.to(torch::kFloat32)), {.labels = labels}}.gradient(yaml, z.to(torch::kFloat32));
    EXPECT_LT((single - exact).abs().max().item<double>(), 1e-5 * exact.abs().max().item<double>()) << yaml;
  }
}

TEST(LogitLosses, AreFiniteAtExtremeLogits) {
  const float kFar = 1e4F, kFarthest = 1e30F;
  const torch::Tensor mixed = torch::tensor({{kFar, -kFar, 0.0F}, {-kFar, kFar, kFar}, {-kFar, -kFar, kFar}}),
                      equal = torch::full({3, 3}, kFar), zero = torch::zeros({3, 3}),
                      single = torch::tensor({{kFarthest, 0.0F, 1.0F}, {0.0F, kFarthest, 0.0F}, {0.0F, 1.0F, 2.0F}}),
                      labels = torch::tensor({1, 0, -1});
  const Targets plain{.labels = labels},
      of_pairs{labels, {}, torch::tensor({2, 0, 0}), torch::tensor({0.5, 0.25, 1.0})};
  const auto check = [&](const std::string& yaml, const torch::Tensor& z, const torch::Tensor& v) {
    for (const torch::Tensor& teacher : {v, torch::stack({v, z}, 1)})
      for (const Targets& targets : {plain, of_pairs}) {
        const LogitCase given{teacher_of(teacher), targets};
        EXPECT_TRUE(std::isfinite(given.number(yaml, z))) << yaml << z << teacher;
        EXPECT_TRUE(given.gradient(yaml, z).isfinite().all().item<bool>()) << yaml << z << teacher;
      }
  };
  for (const std::string& yaml : kLogitLosses) {
    for (const torch::Tensor& z : {mixed, -mixed, equal, zero})
      for (const torch::Tensor& v : {mixed, -mixed, equal, zero}) check(yaml, z, v);
    if (yaml == "logit_regression") continue;  // the square of 1e30 is no float
    check(yaml, single, single.flip(0));
    check(yaml, single, zero);
    check(yaml, zero, single);
  }
}

TEST(LogitLosses, OfOneClassOrOneExampleAreFinite) {
  for (const std::string& yaml : kLogitLosses)
    for (const std::vector<int64_t>& shape : {std::vector<int64_t>{4, 1}, {1, 4}}) {
      const LogitCase given{teacher_of(normal_logits(shape, 3)), {.labels = torch::zeros({shape[0]}, torch::kInt64)}};
      const torch::Tensor z = normal_logits(shape, 4);
      EXPECT_TRUE(std::isfinite(given.number(yaml, z))) << yaml;
      EXPECT_TRUE(given.gradient(yaml, z).isfinite().all().item<bool>()) << yaml;
    }
}

TEST(LogitLosses, AreZeroWhereTheStudentIsTheTeacher) {
  const torch::Tensor v = normal_logits({6, 5}, 5);
  const LogitCase given{teacher_of(v), {.labels = torch::tensor({0, 4, -1, 3, 2, 1})}};
  for (const char* yaml :
       {"dkd", "{dkd: 1}", "{ttm: 1}", "{wttm: 1}", "mlkd", "sigmoid_targets", "{sigmoid_targets: 3}",
        "logit_regression", "{logit_regression: {distance: absolute}}", "{logit_regression: {distance: huber}}"}) {
    EXPECT_NEAR(given.number(yaml, v), 0, 1e-13) << yaml;
    EXPECT_LT(given.gradient(yaml, v).abs().max().item<double>(), 1e-13) << yaml;
  }
  for (const char* yaml : {"dist", "{dist: 4}"}) {  // but for epsilon
    EXPECT_NEAR(given.number(yaml, v), 0, 1e-4) << yaml;
    EXPECT_LT(given.gradient(yaml, v).abs().max().item<double>(), 1e-4) << yaml;
  }
  for (const char* yaml : {"{ttm: 3}", "{wttm: 3}"}) {  // the student is the teacher at T
    EXPECT_NEAR(given.number(yaml, v / 3), 0, 1e-13) << yaml;
    EXPECT_LT(given.gradient(yaml, v / 3).abs().max().item<double>(), 1e-13) << yaml;
  }
}

TEST(LogitLosses, GiveTheTeacherNoGradient) {
  const torch::Tensor labels = torch::tensor({0, 3});
  for (const std::string& yaml : kLogitLosses)
    for (const std::vector<int64_t>& shape : {std::vector<int64_t>{2, 4}, {2, 3, 4}}) {
      const torch::Tensor z = normal_logits({2, 4}, 6).requires_grad_(), v = normal_logits(shape, 7).requires_grad_();
      LogitCase given{teacher_of(v), {.labels = labels}};
      given.value(yaml, z).backward();
      EXPECT_GT(z.grad().abs().sum().item<double>(), 0) << yaml;
      EXPECT_FALSE(v.grad().defined()) << yaml;
    }
}

TEST(LogitLosses, AreMeansOverExamples) {
  const torch::Tensor z = normal_logits({4, 5}, 8), v = normal_logits({4, 5}, 9), labels = torch::tensor({0, -1, 4, 2});
  const LogitCase once{teacher_of(v), {.labels = labels}},
      thrice{teacher_of(v.repeat({3, 1})), {.labels = labels.repeat({3})}};
  const auto ratio = [&](const std::string& yaml) {
    return thrice.number(yaml, z.repeat({3, 1})) / once.number(yaml, z);
  };
  for (const std::string& yaml : kLogitLosses) {
    if (yaml.find("mlkd") != std::string::npos) continue;
    EXPECT_NEAR(ratio(yaml), 1, 1e-6) << yaml;
  }
  EXPECT_NEAR(ratio("{mlkd: {batch: 0, class: 0}}"), 1, 1e-12);
  EXPECT_NEAR(ratio("{mlkd: {instance: 0, class: 0}}"), 3, 1e-12);  // the matrices of a batch
  EXPECT_NEAR(ratio("{mlkd: {instance: 0, batch: 0}}"), 9, 1e-12);
}

TEST(LogitLosses, OfLabelsSkipUnlabelledExamples) {
  const torch::Tensor z = normal_logits({4, 5}, 10), v = normal_logits({4, 5}, 11),
                      labels = torch::tensor({0, -1, 4, -1}), rows = torch::tensor({0, 2});
  const LogitCase all{teacher_of(v), {.labels = labels}},
      labelled{teacher_of(v.index_select(0, rows)), {.labels = labels.index_select(0, rows)}},
      none{teacher_of(v), {.labels = torch::full({4}, -1, torch::kInt64)}};
  for (const char* yaml : {"dkd", "nkd", "sigmoid_labels"}) {
    EXPECT_NEAR(all.number(yaml, z), labelled.number(yaml, z.index_select(0, rows)), 1e-13) << yaml;
    const torch::Tensor gradient = all.gradient(yaml, z);
    EXPECT_EQ(gradient[1].abs().sum().item<double>(), 0) << yaml;
    EXPECT_GT(gradient[2].abs().sum().item<double>(), 0) << yaml;
    EXPECT_EQ(none.number(yaml, z), 0) << yaml;
    EXPECT_EQ(none.gradient(yaml, z).abs().sum().item<double>(), 0) << yaml;
  }
}

TEST(LogitLosses, RefuseWhatDoesNotFit) {
  const torch::Tensor z = torch::zeros({2, 3}), two = torch::tensor({0, 1});
  for (const std::string& yaml : kLogitLosses) {
    const LossNeeds needs = choose(Slot::loss, yaml).make<Loss>()->needs();
    for (const std::vector<int64_t>& shape : {std::vector<int64_t>{2, 2}, {1, 3}, {2, 1}}) {
      if (!needs.teacher_logits) continue;
      const LogitCase given{teacher_of(torch::zeros(shape)), {.labels = two}};
      EXPECT_THROW(given.value(yaml, z), Error) << yaml;
    }
    if (needs.labels) {
      const LogitCase too_few{teacher_of(z), {.labels = torch::tensor({0})}};
      EXPECT_EQ(message_of<Error>([&] { too_few.value(yaml, z); }), "1 labels for 2 rows of logits") << yaml;
      const LogitCase no_class{teacher_of(z), {.labels = torch::tensor({0, 3})}};
      EXPECT_ANY_THROW(no_class.value(yaml, z)) << yaml;
    }
  }
  EXPECT_THROW(choose(Slot::loss, "{dkd: {temperature: 0}}"), DiagnosticsError);
  EXPECT_THROW(choose(Slot::loss, "{mlkd: {temperatures: []}}"), DiagnosticsError);
}

// Zhao et al. 2022, equation 6: KL(p ‖ q) = TCKD + (1 − p_y) NCKD.
TEST(Dkd, WithTheTeachersOwnWeightIsSoftTargets) {
  const torch::Tensor z = normal_logits({1, 6}, 12), v = normal_logits({1, 6}, 13);
  const LogitCase given{teacher_of(v), {.labels = torch::tensor({2})}};
  const double p = torch::softmax(v / 3, 1)[0][2].item<double>();
  const std::string yaml = fmt::format("{{dkd: {{temperature: 3, beta: {:.17g}}}}}", 1 - p);
  EXPECT_NEAR(given.number(yaml, z), given.number("{soft_targets: 3}", z), 1e-12);
  EXPECT_TRUE(given.gradient(yaml, z).allclose(given.gradient("{soft_targets: 3}", z), 1e-10, 1e-13));
}

TEST(Dkd, OfTheOtherClassesDoesNotDependOnTheLabelsLogit) {
  const torch::Tensor z = normal_logits({3, 5}, 14), v = normal_logits({3, 5}, 15), labels = torch::tensor({4, 0, 2});
  const LogitCase given{teacher_of(v), {.labels = labels}},
      sure{teacher_of(v.scatter_add(1, labels.unsqueeze(1), torch::full({3, 1}, 60.0, torch::kFloat64))),
           {.labels = labels}};
  const std::string yaml = "{dkd: {alpha: 0, beta: 1}}";
  EXPECT_NEAR(sure.number(yaml, z), given.number(yaml, z),
              1e-9);  // log p_c of a sure teacher is −60 plus or minus 1e-14
  EXPECT_LT(given.gradient(yaml, z).gather(1, labels.unsqueeze(1)).abs().max().item<double>(), 1e-14);
}

TEST(Nkd, HasItsMinimumOverTheOtherClassesWhereTheStudentIsTheTeacher) {
  const torch::Tensor v = normal_logits({3, 5}, 16);
  const LogitCase given{teacher_of(v), {.labels = torch::tensor({4, 0, 2})}};
  const auto of_others = [&](const torch::Tensor& z) -> torch::Tensor {
    return given.gradient("{nkd: {temperature: 2}}", z) - given.gradient("{nkd: {temperature: 2, gamma: 0}}", z);
  };
  EXPECT_LT(of_others(v).abs().max().item<double>(), 1e-13);
  EXPECT_GT(of_others(v.flip(1)).abs().max().item<double>(), 0.1);
}

TEST(Dist, DoesNotDependOnTheScaleOfTheProbabilities) {
  const torch::Tensor v = normal_logits({3, 2}, 17);
  const LogitCase given{teacher_of(v), {}};
  // Of two classes, each row correlates by 1 or −1.
  const torch::Tensor same_order = torch::stack({v.select(1, 0) * 3, v.select(1, 1) * 3}, 1);
  EXPECT_NEAR(given.number("{dist: {gamma: 0}}", same_order), 0, 1e-6);
  EXPECT_NEAR(given.number("{dist: {gamma: 0}}", -v), 2, 1e-6);
}

// Zheng and Yang 2024: H(p_T, q) = T H(p_T, q_T) − (T − 1) H_{1/T}(q), the Rényi entropy of order 1/T.
TEST(Ttm, IsSoftTargetsWithTheRenyiEntropyOfTheStudent) {
  const torch::Tensor z = normal_logits({1, 6}, 18), v = normal_logits({1, 6}, 19);
  const double temperature = 3, order = 1 / temperature;
  const torch::Tensor p = torch::softmax(v / temperature, 1), q = torch::softmax(z, 1);
  const double renyi = std::log(q.pow(order).sum().item<double>()) / (1 - order);
  const double softened = -(p * torch::log_softmax(z / temperature, 1)).sum().item<double>();
  const double entropy = -(p * p.log()).sum().item<double>();
  const LogitCase given{teacher_of(v), {}};
  EXPECT_NEAR(given.number("{ttm: 3}", z) + entropy, temperature * softened - (temperature - 1) * renyi, 1e-12);
  EXPECT_TRUE(given.gradient("{ttm: 3}", z).allclose(q - p, 1e-10, 1e-13));
}

TEST(Ttm, AtTemperatureOneIsSoftTargets) {
  const torch::Tensor z = normal_logits({4, 6}, 20);
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{4, 6}, {4, 2, 6}}) {
    const LogitCase given{teacher_of(normal_logits(shape, 21)), {}};
    for (const char* yaml : {"{ttm: 1}", "{wttm: 1}"})
      EXPECT_NEAR(given.number(yaml, z), given.number("{soft_targets: 1}", z), 1e-12) << yaml;
  }
}

TEST(Wttm, CountsAnExampleByThePowerSum) {
  const torch::Tensor z = normal_logits({1, 4}, 22), uniform = torch::zeros({1, 4}, torch::kFloat64),
                      sure = torch::tensor({{200.0, 0.0, 0.0, 0.0}}, torch::kFloat64);
  const LogitCase of_uniform{teacher_of(uniform), {}}, of_sure{teacher_of(sure), {}};
  EXPECT_NEAR(of_uniform.number("{wttm: 2}", z), 2 * of_uniform.number("{ttm: 2}", z), 1e-12);  // 4^(1 − 1/2)
  EXPECT_NEAR(of_sure.number("{wttm: 2}", z), of_sure.number("{ttm: 2}", z), 1e-12);
}

TEST(Mlkd, OfExamplesAloneIsSoftTargetsAtItsTemperatures) {
  const torch::Tensor z = normal_logits({4, 6}, 23);
  const LogitCase given{teacher_of(normal_logits({4, 6}, 24)), {}};
  EXPECT_NEAR(given.number("{mlkd: {temperatures: [2, 5], batch: 0, class: 0}}", z),
              given.number("{soft_targets: 2}", z) + given.number("{soft_targets: 5}", z), 1e-12);
}

// Two classes of a softmax are one question: σ(z) of the difference.
TEST(SigmoidTargets, OfOneOutputAreSoftTargetsOfTwoClasses) {
  const torch::Tensor z = normal_logits({4, 1}, 25), v = normal_logits({4, 1}, 26);
  const auto two = [](const torch::Tensor& x) { return torch::cat({x, torch::zeros_like(x)}, 1); };
  const LogitCase one_output{teacher_of(v), {}}, two_classes{teacher_of(two(v)), {}};
  EXPECT_NEAR(one_output.number("{sigmoid_targets: 3}", z), two_classes.number("{soft_targets: 3}", two(z)), 1e-12);
}

TEST(SigmoidLabels, KeepWhatIsSmallBesideLargeLogits) {
  const torch::Tensor z = torch::tensor({{1e4F, -1e4F, -5.0F}});
  const LogitCase given{{}, {.labels = torch::tensor({0})}};
  EXPECT_NEAR(given.number("sigmoid_labels", z), std::log1p(std::exp(-5.0)), 1e-8);
}

TEST(LogitRegression, OfSquaresIsTheDefaultToTheBit) {
  const torch::Tensor z = normal_logits({5, 7}, 27).to(torch::kFloat32),
                      v = normal_logits({5, 7}, 28).to(torch::kFloat32);
  const LogitCase given{teacher_of(v), {}};
  const torch::Tensor expected = (z - v).square().sum() / 10.0;
  for (const char* yaml : {"logit_regression", "{logit_regression: {distance: squares}}"})
    EXPECT_TRUE(given.value(yaml, z).equal(expected)) << yaml;
}

TEST(LogitRegression, OfHuberIsSquareUpToOneAndLinearBeyond) {
  const torch::Tensor z = torch::tensor({{0.5, -1.0, 3.0, 0.0}}, torch::kFloat64);
  const LogitCase given{teacher_of(torch::zeros_like(z)), {}};
  EXPECT_EQ(given.number("{logit_regression: {distance: huber}}", z), 0.125 + 0.5 + 2.5);
  EXPECT_TRUE(given.gradient("{logit_regression: {distance: huber}}", z)
                  .equal(torch::tensor({{0.5, -1.0, 1.0, 0.0}}, torch::kFloat64)));
}

}  // namespace
}  // namespace limbeck
