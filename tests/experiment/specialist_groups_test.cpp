#include "experiment/specialist_groups.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "support/small_data.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

/// A generalist that confuses 0, 3, 6 with each other, 1, 4, 7 likewise, and 2, 5, 8.
torch::Tensor confused_probabilities() {
  torch::manual_seed(5);
  torch::Tensor logits = torch::randn({900, 9}) * 0.5;
  for (int64_t i = 0; i < 900; ++i) {
    logits[i][i % 9] += 1;
    for (int64_t c = i % 3; c < 9; c += 3) logits[i][c] += 3;
  }
  return torch::softmax(logits, 1);
}

TEST(Covariance, IsThatOfTheColumns) {
  const torch::Tensor p = torch::tensor({{0.5, 0.3, 0.2}, {0.1, 0.6, 0.3}, {0.3, 0.0, 0.7}}, torch::kFloat64);
  const torch::Tensor covariance = covariance_of(p);
  EXPECT_NEAR(covariance[0][1].item<double>(), ((0.2 * 0.0) + (-0.2 * 0.3) + (0.0 * -0.3)) / 3, 1e-12);
  EXPECT_NEAR(covariance[2][2].item<double>(), (0.04 + 0.01 + 0.09) / 3, 1e-12);
  EXPECT_TRUE(covariance.sum(0).allclose(torch::zeros({3}, torch::kFloat64), 0, 1e-12));
}

TEST(Groups, AreTheClassesThatAreConfused) {
  const torch::Tensor covariance = covariance_of(confused_probabilities());
  for (const uint64_t seed : {1, 2, 3}) {
    const ClassGroups found = group_classes(covariance, {.groups = 3}, seed);
    EXPECT_EQ(adjusted_rand_index(found.nearest, {0, 1, 2, 0, 1, 2, 0, 1, 2}), 1) << seed;
    for (const auto& group : found.groups) EXPECT_EQ(group.size(), 3);
  }
}

TEST(Groups, DoNotFollowHowSureTheGeneralistIs) {
  // Pairs (0, 1), (2, 3), (4, 5) vary together a little; the classes' own variances are large and have nothing to do
  // with the pairs.
  torch::Tensor covariance = torch::diag(torch::tensor({0.9, 0.1, 0.1, 0.9, 0.5, 0.01}, torch::kFloat64));
  for (int64_t first : {0, 2, 4})
    for (const auto& [a, b] : {std::pair{first, first + 1}, {first + 1, first}}) covariance[a][b] = 0.004;
  covariance += torch::full({6, 6}, -0.001, torch::kFloat64);
  for (const uint64_t seed : {1, 2, 3}) {
    const ClassGroups found = group_classes(covariance, {.groups = 3}, seed);
    EXPECT_EQ(found.groups.size(), 3U);
    EXPECT_EQ(adjusted_rand_index(found.nearest, {0, 0, 1, 1, 2, 2}), 1) << seed;
  }
}

TEST(Groups, OfASizeMayOverlap) {
  const ClassGroups found = group_classes(covariance_of(confused_probabilities()), {.groups = 3, .size = 5}, 1);
  std::vector<int> times(9);
  for (const auto& group : found.groups) {
    EXPECT_EQ(group.size(), 5);
    EXPECT_TRUE(std::is_sorted(group.begin(), group.end()));
    for (const int64_t c : group) ++times[static_cast<size_t>(c)];
  }
  EXPECT_GT(*std::max_element(times.begin(), times.end()), 1);
  EXPECT_GE(*std::min_element(times.begin(), times.end()), 1);
}

TEST(Groups, ThatCannotBeAreRefused) {
  const torch::Tensor covariance = covariance_of(confused_probabilities());
  const auto refused = [&](const GroupingOptions& options) {
    return message_of<Error>([&] { group_classes(covariance, options, 1); });
  };
  EXPECT_NE(refused({.groups = 10}).find("at most 9"), std::string::npos);
  EXPECT_NE(refused({.groups = 2, .size = 10}).find("from 2 to 9"), std::string::npos);
  EXPECT_NE(refused({.groups = 9}).find("has 1 class"), std::string::npos);
}

TEST(RandIndex, IsOneForTheSameAndNearZeroByChance) {
  EXPECT_EQ(adjusted_rand_index({0, 0, 1, 1}, {5, 5, 2, 2}), 1);
  EXPECT_NEAR(adjusted_rand_index({0, 0, 1, 1}, {0, 1, 0, 1}), -0.5, 1e-12);
  EXPECT_NEAR(adjusted_rand_index({0, 0, 0, 1, 1, 1}, {0, 0, 1, 1, 2, 2}), 0.2424,
              1e-4);  // Hubert, Arabie's formula by hand: (2 − 1.2)/(4.5 − 1.2)
}

}  // namespace
}  // namespace limbeck
