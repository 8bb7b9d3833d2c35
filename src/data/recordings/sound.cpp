#include "data/recordings/sound.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <numeric>
#include <vector>

namespace limbeck {
namespace {

double sinc(double x) {
  return x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
}

/// The filter at one place between two samples: weights of the samples from `first` on, relative to the one before.
struct Taps {
  int64_t first = 0;
  std::vector<double> weights;

  Taps() = default;
  Taps(double fraction, double cutoff) {
    constexpr double kZeros = 16;
    const double reach = kZeros / cutoff;
    first = static_cast<int64_t>(std::ceil(fraction - reach));
    for (auto j = first; j <= static_cast<int64_t>(std::floor(fraction + reach)); ++j) {
      const double x = (fraction - static_cast<double>(j)) * cutoff;
      weights.push_back(sinc(x) * sinc(x / kZeros));
    }
  }
};

}  // namespace

Sound resample(const Sound& sound, int rate) {
  if (rate == sound.rate) return sound;
  // Sample i of the result lies at i · from / to of the source: `to` places between two samples, which come again.
  const int64_t divisor = std::gcd(sound.rate, rate), from = sound.rate / divisor, to = rate / divisor;
  const double step = static_cast<double>(sound.rate) / rate;
  const double cutoff = std::min(1.0, 1 / step);  // of the source's Nyquist frequency
  const auto count = static_cast<int64_t>(sound.samples.size());
  Sound result{.samples = std::vector<float>(
                   static_cast<size_t>(std::max<int64_t>(1, std::llround(static_cast<double>(count) / step)))),
               .rate = rate};
  std::vector<Taps> of_phase(static_cast<size_t>(std::min<int64_t>(to, static_cast<int64_t>(result.samples.size()))));
  for (size_t i = 0; i < result.samples.size(); ++i) {
    const int64_t place = static_cast<int64_t>(i) * from, before = place / to, phase = place % to;
    Taps& taps = of_phase[i % of_phase.size()];  // the phases come again in the same order
    if (taps.weights.empty()) taps = Taps(static_cast<double>(phase) / static_cast<double>(to), cutoff);
    const int64_t first = std::max<int64_t>(0, before + taps.first),
                  last = std::min(count, before + taps.first + static_cast<int64_t>(taps.weights.size()));
    double sum = 0, weights = 0;
    for (int64_t j = first; j < last; ++j) {
      const double weight = taps.weights[static_cast<size_t>(j - before - taps.first)];
      weights += weight;
      sum += weight * static_cast<double>(sound.samples[static_cast<size_t>(j)]);
    }
    result.samples[i] = static_cast<float>(weights == 0 ? 0 : sum / weights);
  }
  return result;
}

}  // namespace limbeck
