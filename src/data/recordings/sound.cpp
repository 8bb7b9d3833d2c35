#include "data/recordings/sound.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace limbeck {
namespace {

double sinc(double x) {
  return x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
}

}  // namespace

Sound resample(const Sound& sound, int rate) {
  if (rate == sound.rate) return sound;
  constexpr double kZeros = 16;
  const double step = static_cast<double>(sound.rate) / rate;
  const double cutoff = std::min(1.0, 1 / step);  // of the source's Nyquist frequency
  const auto count = static_cast<int64_t>(sound.samples.size());
  Sound result{.samples = std::vector<float>(
                   static_cast<size_t>(std::max<int64_t>(1, std::llround(static_cast<double>(count) / step)))),
               .rate = rate};
  for (size_t i = 0; i < result.samples.size(); ++i) {
    const double at = static_cast<double>(i) * step;
    double sum = 0, weights = 0;
    const double reach = kZeros / cutoff;
    const auto first = std::max<int64_t>(0, static_cast<int64_t>(std::ceil(at - reach)));
    const auto last = std::min(count - 1, static_cast<int64_t>(std::floor(at + reach)));
    for (int64_t j = first; j <= last; ++j) {
      const double x = (at - static_cast<double>(j)) * cutoff;
      const double weight = sinc(x) * sinc(x / kZeros);
      weights += weight;
      sum += weight * static_cast<double>(sound.samples[static_cast<size_t>(j)]);
    }
    result.samples[i] = static_cast<float>(weights == 0 ? 0 : sum / weights);
  }
  return result;
}

}  // namespace limbeck
