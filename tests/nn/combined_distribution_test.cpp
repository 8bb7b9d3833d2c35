#include "nn/ensembles/combined_distribution.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/error.h"

namespace limbeck {
namespace {

torch::Tensor distributions(int64_t count, int64_t classes, double sharpness = 2) {
  return torch::log_softmax(torch::randn({count, classes}) * sharpness, 1);
}

/// The objective, written as the paper has it; log_q and the opinions are of all examples.
torch::Tensor objective(const torch::Tensor& log_q, const torch::Tensor& generalist,
                        const std::vector<SpecialistOpinion>& specialists, Divergence divergence) {
  const auto kl = [&](const torch::Tensor& log_p, const torch::Tensor& log_r) {
    return (log_p.exp() * (log_p - log_r)).sum();
  };
  const auto between = [&](const torch::Tensor& log_p, const torch::Tensor& log_r) {
    return divergence == Divergence::forward ? kl(log_p, log_r) : kl(log_r, log_p);
  };
  torch::Tensor sum = between(generalist, log_q);
  for (const SpecialistOpinion& opinion : specialists) {
    torch::Tensor seen = log_q.index_select(0, opinion.rows);
    if (!opinion.classes.empty()) {
      const torch::Tensor own = torch::tensor(opinion.classes, torch::kInt64);
      torch::Tensor others = torch::ones({log_q.size(1)}, torch::kBool);
      others.index_fill_(0, own, 0);
      seen = torch::cat({seen.index_select(1, own),
                         torch::logsumexp(seen.index_select(1, others.nonzero().flatten()), 1, /*keepdim=*/true)},
                        1);
    }
    sum = sum + between(opinion.log_probabilities.to(log_q.dtype()), seen);
  }
  return sum;
}

class Combination : public ::testing::TestWithParam<Divergence> {
 protected:
  void SetUp() override { torch::manual_seed(7); }
  std::vector<SpecialistOpinion> some(double sharpness = 2) const {
    return {{.classes = {0, 3, 4},
             .log_probabilities = distributions(4, 4, sharpness),
             .rows = torch::tensor({0, 1, 2, 4}, torch::kInt64)},
            {.classes = {5, 3},
             .log_probabilities = distributions(3, 3, sharpness),
             .rows = torch::tensor({1, 2, 3}, torch::kInt64)},
            {.classes = {},
             .log_probabilities = distributions(2, 8, sharpness),
             .rows = torch::tensor({2, 4}, torch::kInt64)}};
  }
};

TEST_P(Combination, IsWhereTheGradientIsZero) {
  const torch::Tensor generalist = distributions(6, 8);
  const auto specialists = some();
  const CombinedDistribution found =
      combined_distribution(generalist, specialists, {.divergence = GetParam(), .tolerance = 1e-9});
  EXPECT_EQ(found.unfinished, 0);
  const torch::Tensor z = found.log_probabilities.to(torch::kFloat64).requires_grad_();
  objective(torch::log_softmax(z, 1), generalist.to(torch::kFloat64), specialists, GetParam()).backward();
  EXPECT_LT(z.grad().abs().max().item<double>(), 1e-5);
  EXPECT_TRUE(found.log_probabilities.exp().sum(1).allclose(torch::ones({6})));
}

TEST_P(Combination, IsWherePlainGradientDescentEnds) {
  const torch::Tensor generalist = distributions(6, 8, 0.7);  // where none is small: plain descent crawls there
  const auto specialists = some(0.7);
  torch::Tensor z = generalist.to(torch::kFloat64).clone();
  for (int step = 0; step < 4000; ++step) {
    const torch::Tensor at = z.detach().requires_grad_();
    objective(torch::log_softmax(at, 1), generalist.to(torch::kFloat64), specialists, GetParam()).backward();
    z = at.detach() - 0.2 * at.grad();
  }
  const CombinedDistribution found = combined_distribution(generalist, specialists, {.divergence = GetParam()});
  EXPECT_TRUE(found.log_probabilities.exp().allclose(torch::softmax(z, 1).to(torch::kFloat32), 0, 1e-4));
}

TEST_P(Combination, OfFullModelsIsTheirMean) {
  const torch::Tensor a = distributions(5, 8), b = distributions(5, 8), c = distributions(5, 8);
  const torch::Tensor rows = torch::arange(5);
  const CombinedDistribution found = combined_distribution(
      a, {{.log_probabilities = b, .rows = rows}, {.log_probabilities = c, .rows = rows}}, {.divergence = GetParam()});
  const torch::Tensor arithmetic = (a.exp() + b.exp() + c.exp()) / 3, geometric = torch::softmax((a + b + c) / 3, 1);
  EXPECT_TRUE(
      found.log_probabilities.exp().allclose(GetParam() == Divergence::forward ? arithmetic : geometric, 1e-4, 1e-6));
  EXPECT_LE(found.steps, 2);
}

TEST_P(Combination, WithoutSpecialistsIsTheGeneralist) {
  const torch::Tensor generalist = distributions(3, 8);
  EXPECT_TRUE(combined_distribution(generalist, {}, {.divergence = GetParam()})
                  .log_probabilities.allclose(generalist, 1e-4, 1e-4));
}

TEST_P(Combination, OfSureModelsIsFinite) {
  torch::Tensor generalist = torch::full({2, 4}, -std::numeric_limits<float>::infinity());
  generalist.select(1, 0).fill_(0);
  const torch::Tensor sure = torch::tensor({{-200.0F, -300.0F, 0.0F}, {0.0F, -300.0F, -200.0F}});
  const CombinedDistribution found =
      combined_distribution(generalist, {{.classes = {1, 2}, .log_probabilities = sure, .rows = torch::arange(2)}},
                            {.divergence = GetParam()});
  EXPECT_TRUE(found.log_probabilities.isfinite().all().item<bool>());
  EXPECT_EQ(found.log_probabilities[0].argmax().item<int64_t>(), 0);
}

// What is left beside a sure specialist's classes is smaller than the rounding of 1.
TEST_P(Combination, OfSaturatedModelsEnds) {
  for (const double margin : {20.0, 34.0, 38.0, 40.0, 46.0, 60.0}) {
    torch::Tensor general = torch::zeros({1, 100}), special = torch::zeros({1, 11});
    general[0][3] = margin + 4;
    special[0][3] = margin;
    std::vector<int64_t> classes(10);
    for (int64_t c = 0; c < 10; ++c) classes[static_cast<size_t>(c)] = c;
    const CombinedDistribution found = combined_distribution(torch::log_softmax(general, 1),
                                                             {{.classes = classes,
                                                               .log_probabilities = torch::log_softmax(special, 1),
                                                               .rows = torch::zeros({1}, torch::kInt64)}},
                                                             {.divergence = GetParam()});
    EXPECT_EQ(found.unfinished, 0) << margin;
    EXPECT_NEAR(found.log_probabilities[0][3].exp().item<double>(), 1, 1e-6) << margin;
  }
}

INSTANTIATE_TEST_SUITE_P(Both, Combination, ::testing::Values(Divergence::forward, Divergence::reverse),
                         [](const auto& which) { return which.param == Divergence::forward ? "Forward" : "Reverse"; });

TEST(CombinationOfWhatDoesNotFit, IsAnError) {
  const torch::Tensor generalist = distributions(2, 4), one = torch::zeros({1}, torch::kInt64);
  const auto refuse = [&](const SpecialistOpinion& opinion) {
    EXPECT_THROW(combined_distribution(generalist, {opinion}, {}), Error);
  };
  refuse({.classes = {1, 4}, .log_probabilities = distributions(1, 3), .rows = one});
  refuse({.classes = {1, 1}, .log_probabilities = distributions(1, 3), .rows = one});
  refuse({.classes = {1, 2}, .log_probabilities = distributions(1, 2), .rows = one});
  refuse({.classes = {1, 2}, .log_probabilities = distributions(1, 3), .rows = one + 2});
}

}  // namespace
}  // namespace limbeck
