#include "data/recordings/waveforms.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/fft_irfft.h>
#include <ATen/ops/fft_rfft.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"

namespace limbeck {
namespace {

int64_t transform_length(size_t samples) {
  int64_t length = 2;
  while (length < static_cast<int64_t>(samples)) length *= 2;
  return length;
}

/// The spectrum of samples that zeros bring to `length`.
at::Tensor spectrum(const Waveform& samples, int64_t length) {
  at::Tensor padded = at::zeros({length}, at::kDouble);
  std::copy(samples.begin(), samples.end(), padded.data_ptr<double>());
  return at::fft_rfft(padded);
}

Waveform first_of(const at::Tensor& signal, size_t count) {
  const at::Tensor floats = signal.to(at::kFloat).contiguous();
  const auto* begin = floats.data_ptr<float>();
  return {begin, begin + count};
}

void scale(Waveform& samples, double factor) {
  for (float& sample : samples) sample *= static_cast<float>(factor);
}

void bring_to_power(Waveform& samples, double wanted) {
  const double power = power_of(samples);
  if (power > 0) scale(samples, std::sqrt(wanted / power));
}

}  // namespace

double power_of(const Waveform& samples) {
  double sum = 0;
  for (const float sample : samples) sum += static_cast<double>(sample) * static_cast<double>(sample);
  return samples.empty() ? 0 : sum / static_cast<double>(samples.size());
}

Waveform white_noise(size_t count, Random& random) {
  Waveform noise(count);
  for (float& sample : noise) sample = random.normal();
  return noise;
}

Waveform pink_noise(size_t count, Random& random) {
  const int64_t length = transform_length(count);
  at::Tensor spread = spectrum(white_noise(static_cast<size_t>(length), random), length);
  const at::Tensor frequency = at::arange(length / 2 + 1, at::kDouble);
  spread = spread * frequency.clamp_min(1).rsqrt() * frequency.gt(0);
  Waveform noise = first_of(at::fft_irfft(spread, length), count);
  bring_to_power(noise, 1);
  return noise;
}

Waveform babble(size_t count, const std::vector<const Waveform*>& voices, Random& random) {
  Waveform sum(count);
  bool heard = false;
  for (const Waveform* voice : voices) {
    const double power = power_of(*voice);
    if (power <= 0) continue;
    heard = true;
    const auto factor = static_cast<float>(1 / std::sqrt(power));
    size_t at = random.below(static_cast<uint32_t>(voice->size()));
    for (float& sample : sum) {
      sample += factor * (*voice)[at];
      if (++at == voice->size()) at = 0;
    }
  }
  if (!heard) return white_noise(count, random);
  bring_to_power(sum, 1);
  return sum;
}

void add_at_ratio(Waveform& samples, const Waveform& noise, double signal_power, double decibels) {
  if (noise.size() != samples.size())
    throw Error(fmt::format("{} samples of noise for {} of sound", noise.size(), samples.size()));
  const double power = power_of(noise);
  if (power <= 0) return;
  const auto factor = static_cast<float>(std::sqrt(signal_power / power * std::pow(10, -decibels / 10)));
  for (size_t i = 0; i < samples.size(); ++i) samples[i] += factor * noise[i];
}

Waveform reverberated(const Waveform& samples, int rate, double seconds, Random& random) {
  constexpr double kFirstEcho = 0.005, kEvenAt = 0.5;
  const auto begin = static_cast<size_t>(std::lround(kFirstEcho * rate));
  const auto taps = static_cast<size_t>(std::lround(seconds * rate));
  if (taps <= begin || samples.empty()) return samples;
  Waveform room(taps);
  for (size_t i = begin; i < taps; ++i) {
    const double at = static_cast<double>(i) / static_cast<double>(taps);
    room[i] = random.normal() * static_cast<float>(std::exp(-3 * std::numbers::ln10 * at));
  }
  bring_to_power(room, seconds / kEvenAt / static_cast<double>(taps));
  room[0] = 1;
  const int64_t length = transform_length(samples.size() + taps);
  const at::Tensor product = spectrum(samples, length) * spectrum(room, length);
  Waveform result = first_of(at::fft_irfft(product, length), samples.size());
  bring_to_power(result, power_of(samples));
  return result;
}

}  // namespace limbeck
