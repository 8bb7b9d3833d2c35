#include "data/recordings/filter_banks.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/fft_rfft.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"

namespace limbeck {
namespace {

constexpr double kEmphasis = 0.97, kFloor = 1e-10;

double mel(double hertz) {
  return 1127 * std::log(1 + hertz / 700);
}

int64_t next_power_of_two(int64_t count) {
  int64_t power = 1;
  while (power < count) power *= 2;
  return power;
}

}  // namespace

FilterBanks::FilterBanks(const FilterBankOptions& options)
    : options_(options),
      window_(std::llround(options.window * options.rate)),
      step_(std::llround(options.step * options.rate)),
      transform_(next_power_of_two(window_)) {
  const double nyquist = options.rate / 2.0, high = options.high > 0 ? options.high : nyquist;
  if (window_ < 2 || step_ < 1)
    throw Error(ErrorKind::usage, fmt::format("windows of {} samples every {} cannot be analysed", window_, step_));
  if (high > nyquist || options.low >= high)
    throw Error(ErrorKind::usage,
                fmt::format("filter banks from {} to {} Hz: at {} samples a second, there is nothing above {} Hz",
                            options.low, high, options.rate, nyquist));
  hamming_ = at::empty({window_}, at::kDouble);
  for (int64_t i = 0; i < window_; ++i)
    hamming_.data_ptr<double>()[i] =
        0.54 - 0.46 * std::cos(2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(window_ - 1));
  const int64_t bins = transform_ / 2 + 1;
  triangles_ = at::zeros({bins, options.banks}, at::kDouble);
  const double lowest = mel(options.low), width = (mel(high) - lowest) / static_cast<double>(options.banks + 1);
  for (int64_t bank = 0; bank < options.banks; ++bank) {
    const double centre = lowest + width * static_cast<double>(bank + 1);
    double sum = 0;
    for (int64_t bin = 0; bin < bins; ++bin) {
      const double at = mel(static_cast<double>(bin) * options.rate / static_cast<double>(transform_));
      const double height = std::max(0.0, 1 - std::abs(at - centre) / width);
      triangles_.data_ptr<double>()[bin * options.banks + bank] = height;
      sum += height;
    }
    if (sum == 0)
      throw Error(
          ErrorKind::usage,
          fmt::format("{} filter banks are too many for windows of {} samples at {} Hz: bank {} would hear nothing",
                      options.banks, window_, options.rate, bank + 1));
  }
}

int64_t FilterBanks::frames(int64_t samples, int64_t step) const {
  return samples < window_ ? 1 : 1 + (samples - window_) / step;
}

at::Tensor FilterBanks::of(const std::vector<float>& samples, int64_t step) const {
  const at::NoGradGuard no_gradient;
  const int64_t count = frames(static_cast<int64_t>(samples.size()), step);
  const int64_t needed = window_ + (count - 1) * step;
  at::Tensor signal = at::zeros({needed}, at::kDouble);
  std::copy_n(samples.begin(), std::min<size_t>(samples.size(), static_cast<size_t>(needed)),
              signal.data_ptr<double>());
  at::Tensor windows = signal.unfold(0, window_, step);  // [frames, window]
  windows = windows - windows.mean(1, /*keepdim=*/true);
  const at::Tensor before = at::cat({windows.slice(1, 0, 1), windows.slice(1, 0, window_ - 1)}, 1);
  windows = (windows - kEmphasis * before) * hamming_;
  const at::Tensor power = at::fft_rfft(windows, transform_).abs().square();
  return power.matmul(triangles_).clamp_min(kFloor).log().to(at::kFloat);
}

}  // namespace limbeck
