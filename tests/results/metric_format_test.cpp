#include "results/metric_format.h"

#include <gtest/gtest.h>

namespace limbeck {
namespace {

TEST(MetricFormat, WritesCountsWholeAndTheirMeansWithOneDecimal) {
  const MetricFormat errors = metric_format("errors");
  EXPECT_EQ(errors.format({.mean = 1067}), "1,067");
  EXPECT_EQ(errors.format({.mean = 70.333, .deviation = 4.163}), "70.3 ± 4.2");
  EXPECT_EQ(errors.formatted_mean({.mean = 70, .deviation = 4.2}), "70.0");
}

TEST(MetricFormat, WritesSharesInPercent) {
  EXPECT_EQ(metric_format("accuracy").format({.mean = 0.9933}), "99.33 %");
  EXPECT_EQ(metric_format("accuracy").format({.mean = 0.9930, .deviation = 0.0004}), "99.30 ± 0.04 %");
  EXPECT_EQ(metric_format("ece").format({.mean = 0.00412}), "0.41 %");
}

TEST(MetricFormat, WritesDifferencesWithTheirSignAndTheDecimalsOfOurNumber) {
  EXPECT_EQ(metric_format("errors").difference({.mean = 70}, 67), "+3");
  EXPECT_EQ(metric_format("errors").difference({.mean = 64}, 67), "-3");
  EXPECT_EQ(metric_format("errors").difference({.mean = 67}, 67), "0");
  EXPECT_EQ(metric_format("errors").difference({.mean = 70, .deviation = 4.0}, 67), "+3.0");
  EXPECT_EQ(metric_format("accuracy").difference({.mean = 0.7012}, 0.7066), "-0.54");
  EXPECT_EQ(metric_format("nll").difference({.mean = 0.12344}, 0.12345), "0.0000");  // no "-0.0000"
}

TEST(MetricFormat, KnowsTheTeachersTheMembersAndTheClassesNumbers) {
  EXPECT_EQ(metric_format("teacher_errors").label, "teacher's errors");
  EXPECT_EQ(metric_format("teacher_errors").format({.mean = 67}), "67");
  EXPECT_EQ(metric_format("teacher_accuracy").label, "teacher's accuracy");
  EXPECT_EQ(metric_format("teacher_accuracy").format({.mean = 0.9933}), "99.33 %");
  EXPECT_FALSE(metric_format("teacher_accuracy").lower_is_better);
  EXPECT_EQ(metric_format("member_errors").label, "members' errors");
  EXPECT_EQ(metric_format("member_errors").format({.mean = 71.25}), "71.2");
  EXPECT_EQ(metric_format("class_errors.3").label, "errors on 3");
  EXPECT_EQ(metric_format("class_errors.3").format({.mean = 14, .deviation = 2}), "14.0 ± 2.0");
}

TEST(MetricFormat, WritesUnknownMeasuresPlainly) {
  EXPECT_EQ(metric_format("word_errors").label, "word_errors");
  EXPECT_EQ(metric_format("word_errors").format({.mean = 0.5}), "0.5000");
}

}  // namespace
}  // namespace limbeck
