#pragma once
// Whether two runs differ by more than chance: Welch's interval for the difference of two means of unequal variances
// (Welch 1947, "The generalization of Student's problem when several different population variances are involved").
//
//   const auto interval = welch_interval({67, 71, 73}, {80, 84, 79});
//   if (interval && interval->excludes_zero()) …   // the second run makes more errors, by more than the seeds' noise
#include <optional>
#include <vector>

namespace limbeck {

double mean_of(const std::vector<double>& values);
/// The sample standard deviation (n − 1); 0 for fewer than two values.
double deviation_of(const std::vector<double>& values);

/// The t that Student's distribution with `degrees` of freedom (need not be whole) stays below with that probability.
double student_t_quantile(double probability, double degrees);

/// The interval that holds mean(right) − mean(left) with 95 % confidence.
struct WelchInterval {
  double difference = 0.0;
  double low = 0.0;
  double high = 0.0;
  bool excludes_zero() const { return low > 0 || high < 0; }
};

/// Nothing when either side has fewer than two values, or when neither side varies: then the noise is unknown.
std::optional<WelchInterval> welch_interval(const std::vector<double>& left, const std::vector<double>& right);

}  // namespace limbeck
