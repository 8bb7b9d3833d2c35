#include "report/statistics.h"

#include <cmath>
#include <numeric>

namespace limbeck {
namespace {
constexpr double kConfidence = 0.95;

/// The continued fraction of the incomplete beta function, by Lentz's method (Numerical Recipes, section 6.4).
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300, kPrecision = 1e-15;
  constexpr int kMostSteps = 300;
  const auto guarded = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1.0, d = 1.0 / guarded(1.0 - (a + b) * x / (a + 1.0)), result = d;
  for (int m = 1; m <= kMostSteps; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1.0 / guarded(1.0 + even * d);
    c = guarded(1.0 + even / c);
    result *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1.0 / guarded(1.0 + odd * d);
    c = guarded(1.0 + odd / c);
    result *= d * c;
    if (std::abs(d * c - 1.0) < kPrecision) break;
  }
  return result;
}

/// The regularised incomplete beta function I_x(a, b).
double incomplete_beta(double a, double b, double x) {
  if (x <= 0.0) return 0.0;
  if (x >= 1.0) return 1.0;
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1.0) / (a + b + 2.0)) return front * beta_fraction(a, b, x) / a;
  return 1.0 - front * beta_fraction(b, a, 1.0 - x) / b;
}

double student_t_probability(double t, double degrees) {
  const double tail = 0.5 * incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t));
  return t > 0 ? 1.0 - tail : tail;
}

}  // namespace

double mean_of(const std::vector<double>& values) {
  if (values.empty()) return 0.0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double deviation_of(const std::vector<double>& values) {
  if (values.size() < 2) return 0.0;
  const double mean = mean_of(values);
  double squares = 0.0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

double student_t_quantile(double probability, double degrees) {
  double low = -1.0, high = 1.0;
  while (student_t_probability(low, degrees) > probability) low *= 2;
  while (student_t_probability(high, degrees) < probability) high *= 2;
  for (int step = 0; step < 100; ++step) {
    const double middle = 0.5 * (low + high);
    (student_t_probability(middle, degrees) < probability ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

std::optional<WelchInterval> welch_interval(const std::vector<double>& left, const std::vector<double>& right) {
  if (left.size() < 2 || right.size() < 2) return std::nullopt;
  const auto left_count = static_cast<double>(left.size()), right_count = static_cast<double>(right.size());
  const double left_variance = std::pow(deviation_of(left), 2) / left_count;
  const double right_variance = std::pow(deviation_of(right), 2) / right_count;
  const double variance = left_variance + right_variance;
  if (variance <= 0.0) return std::nullopt;
  // Welch and Satterthwaite's degrees of freedom.
  const double degrees =
      variance * variance /
      (left_variance * left_variance / (left_count - 1) + right_variance * right_variance / (right_count - 1));
  const double half_width = student_t_quantile(0.5 + kConfidence / 2, degrees) * std::sqrt(variance);
  const double difference = mean_of(right) - mean_of(left);
  return WelchInterval{difference, difference - half_width, difference + half_width};
}

}  // namespace limbeck
