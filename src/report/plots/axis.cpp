#include "report/plots/axis.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/text.h"

namespace limbeck {
namespace {
constexpr double kDecadesFactor = 8.0;
constexpr double kNearZero =
    0.4;  // a linear axis starts at zero when its lowest value is below this part of its highest

/// 1, 2 or 5 times a power of ten: the smallest such number that is not below `value`.
double round_up_step(double value) {
  const double power = std::pow(10.0, std::floor(std::log10(value)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (value <= factor * power * (1 + 1e-9)) return factor * power;
  return 10 * power;
}

std::vector<double> multiples_of_powers(const std::vector<double>& factors, double low, double high) {
  std::vector<double> ticks;
  for (int power = static_cast<int>(std::floor(std::log10(low))); power <= std::ceil(std::log10(high)); ++power)
    for (const double factor : factors) {
      const double tick = factor * std::pow(10.0, power);
      if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push_back(tick);
    }
  return ticks;
}

}  // namespace

std::string tick_label(double value) {
  if (value != 0 && std::abs(value) < 1e-3) {
    const int power = static_cast<int>(std::floor(std::log10(std::abs(value)) + 1e-9));
    return fmt::format("{:.4g}e{}", value / std::pow(10.0, power), power);
  }
  if (value == std::round(value) && std::abs(value) >= 1e3 && std::abs(value) < 1e15)
    return with_commas(static_cast<int64_t>(value));
  return fmt::format("{:.6g}", value);
}

std::vector<double> linear_ticks(double low, double high, int most) {
  if (!(high > low) || !std::isfinite(high - low) || most < 1) return {low};
  const double step = round_up_step((high - low) / most);
  std::vector<double> ticks;
  const double first = std::ceil(low / step - 1e-9), last = std::floor(high / step + 1e-9);
  for (int i = 0; i <= most && first + i <= last; ++i) ticks.push_back(first + i == 0 ? 0.0 : (first + i) * step);
  return ticks;
}

std::vector<double> logarithmic_ticks(double low, double high, int most) {
  const std::vector<std::vector<double>> choices = {{1, 2, 5}, {1, 3}, {1}};
  for (const std::vector<double>& factors : choices) {
    std::vector<double> ticks = multiples_of_powers(factors, low, high);
    if (static_cast<int>(ticks.size()) <= most && ticks.size() >= 2) return ticks;
  }
  std::vector<double> powers = multiples_of_powers({1}, low, high);
  if (powers.size() < 2) return linear_ticks(low, high, most);  // less than a decade
  std::vector<double> thinned;
  const size_t stride = (powers.size() + static_cast<size_t>(most) - 1) / static_cast<size_t>(std::max(most, 1));
  for (size_t i = 0; i < powers.size(); i += stride) thinned.push_back(powers[i]);
  return thinned;
}

bool spread_over_decades(const std::vector<double>& values) {
  if (values.empty()) return false;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return *low > 0 && *high > kDecadesFactor * *low;
}

PlotAxis PlotAxis::exactly(double low, double high, PlotScale scale, int most_ticks) {
  if (scale == PlotScale::logarithmic && low <= 0) scale = PlotScale::linear;
  if (low == high) {
    const double margin = low == 0 ? 1.0 : std::abs(low) * 0.1;
    low -= margin;
    high += margin;
  }
  PlotAxis axis(low, high, scale);
  axis.ticks_ =
      scale == PlotScale::linear ? linear_ticks(low, high, most_ticks) : logarithmic_ticks(low, high, most_ticks);
  return axis;
}

PlotAxis PlotAxis::over(const std::vector<double>& values, PlotScale scale, int most_ticks) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double value : values) {
    if (!std::isfinite(value) || (scale == PlotScale::logarithmic && value <= 0)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (low > high) return exactly(0, 1, PlotScale::linear, most_ticks);
  if (scale == PlotScale::logarithmic) return exactly(low / 1.08, high * 1.08, scale, most_ticks);
  if (low >= 0 && low < kNearZero * high) low = 0;
  if (low == high) return exactly(low, high, scale, most_ticks);
  const double step = round_up_step((high - low) / most_ticks);
  // Up to the next tick, or a little above the highest value where that is nearer.
  const double below = std::floor(low / step + 1e-9) * step, above = std::ceil(high / step - 1e-9) * step;
  low = low - below < 0.5 * step ? below : low - 0.1 * step;
  high = above - high < 0.6 * step ? above : high + 0.1 * step;
  return exactly(low, high, scale, most_ticks);
}

double PlotAxis::place(double value, double start, double end) const {
  const bool logarithmic = scale_ == PlotScale::logarithmic;
  const auto position = [&](double at) { return logarithmic ? std::log(std::max(at, low_)) : at; };
  const double range = position(high_) - position(low_);
  const double share = range > 0 && std::isfinite(range) ? (position(value) - position(low_)) / range : 0.0;
  return start + (end - start) * std::clamp(share, 0.0, 1.0);
}

}  // namespace limbeck
