#pragma once
// Tests whether two runs differ significantly: Welch's interval for the difference of two means with unequal variances
// (Welch 1947, "The generalization of Student's problem when several different population variances are involved").
//
//   const auto interval = welch_interval({67, 71, 73}, {80, 84, 79});
//   if (interval && interval->excludes_zero()) …   // the second run makes more errors, by more than the seeds' noise
#include <optional>
#include <vector>

namespace limbeck {

double mean_of(const std::vector<double>& values);
/// Returns the sample standard deviation (n − 1); 0 for fewer than two values.
double deviation_of(const std::vector<double>& values);

/// Returns the quantile of Student's t-distribution with `degrees` of freedom (may be fractional) at `probability`.
double student_t_quantile(double probability, double degrees);

/// The 95 % confidence interval of mean(right) − mean(left).
struct WelchInterval {
  double difference = 0.0;
  double low = 0.0;
  double high = 0.0;
  bool excludes_zero() const { return low > 0 || high < 0; }
};

/// Returns nullopt if either side has fewer than two values, or if neither side varies, since the noise is then
/// unknown.
std::optional<WelchInterval> welch_interval(const std::vector<double>& left, const std::vector<double>& right);

}  // namespace limbeck
