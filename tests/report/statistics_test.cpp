#include "report/statistics.h"

#include <gtest/gtest.h>

namespace limbeck {
namespace {

// Values from printed tables of Student's distribution, to their last digit.
TEST(StudentT, AgreesWithPrintedTables) {
  EXPECT_NEAR(student_t_quantile(0.975, 1), 12.706, 5e-4);
  EXPECT_NEAR(student_t_quantile(0.975, 2), 4.303, 5e-4);
  EXPECT_NEAR(student_t_quantile(0.975, 10), 2.228, 5e-4);
  EXPECT_NEAR(student_t_quantile(0.95, 30), 1.697, 5e-4);
  EXPECT_NEAR(student_t_quantile(0.975, 1e6), 1.960, 5e-4);
}

TEST(StudentT, IsSymmetric) {
  // Near zero the probability is flat in t to first order, so that t is good to the root of the machine's precision.
  EXPECT_NEAR(student_t_quantile(0.5, 3), 0.0, 1e-7);
  EXPECT_NEAR(student_t_quantile(0.1, 3), -student_t_quantile(0.9, 3), 1e-9);
}

// Student's sleep data, as R's t.test(extra ~ group, data = sleep) prints it: 95 % interval -3.3654832 to 0.2054832 for
// the first group minus the second.
TEST(WelchInterval, AgreesWithROnStudentsSleepData) {
  const std::vector<double> first = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
  const std::vector<double> second = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
  const auto interval = welch_interval(first, second);
  ASSERT_TRUE(interval.has_value());
  EXPECT_NEAR(interval->difference, 1.58, 1e-12);
  EXPECT_NEAR(interval->low, -0.2054832, 5e-8);
  EXPECT_NEAR(interval->high, 3.3654832, 5e-8);
  EXPECT_FALSE(interval->excludes_zero());
}

TEST(WelchInterval, ExcludesZeroWhenTheSeedsLieApart) {
  EXPECT_TRUE(welch_interval({67, 71, 73}, {140, 146, 150})->excludes_zero());
  EXPECT_TRUE(welch_interval({140, 146, 150}, {67, 71, 73})->excludes_zero());
}

TEST(WelchInterval, NeedsTwoSeedsOnEachSideAndSomeSpread) {
  EXPECT_FALSE(welch_interval({67}, {70, 71}).has_value());
  EXPECT_FALSE(welch_interval({67, 70}, {}).has_value());
  EXPECT_FALSE(welch_interval({67, 67}, {70, 70}).has_value());
  EXPECT_TRUE(welch_interval({67, 67}, {70, 72}).has_value());
}

TEST(Deviation, IsThatOfASample) {
  EXPECT_DOUBLE_EQ(deviation_of({1, 3}), 1.4142135623730951);
  EXPECT_DOUBLE_EQ(deviation_of({5}), 0.0);
  EXPECT_DOUBLE_EQ(mean_of({}), 0.0);
}

}  // namespace
}  // namespace limbeck
