#pragma once
// Log mel filter bank features, the input of acoustic models.
//
//   frame t:   samples t·step … t·step + window − 1, less their mean; x_i − 0.97 x_{i−1};
//              times the Hamming window 0.54 − 0.46 cos(2πi/(window − 1))
//   power:     |DFT|², of the next power of two of samples, padded with zeros
//   bank m:    a triangle with corners at equal distances on the mel scale, mel(f) = 1127 ln(1 + f/700),
//              from `low` to `high` Hz, of height 1 at its centre (as in the HTK book and Kaldi)
//   feature:   ln(max(Σ_k triangle_m(k) · power_k, 10⁻¹⁰))
// Source: Davis, Mermelstein 1980, in the form of the HTK book (Young et al. 2006, section 5.6), whose 40-bank log
// outputs Hinton et al. 2015 use.
//
//   const FilterBanks banks({.rate = 8000});
//   at::Tensor features = banks.of(samples);   // [frames, 40] float32; 200 samples of 25 ms, every 80

#include <ATen/core/Tensor.h>

#include <vector>

namespace limbeck {

struct FilterBankOptions {
  int rate = 8000;  ///< samples per second
  int64_t banks = 40;
  double window = 0.025;  ///< seconds
  double step = 0.010;    ///< seconds
  double low = 64;        ///< Hz
  double high = 0;        ///< Hz; 0: half the rate
};

class FilterBanks {
 public:
  /// Throws Error of kind usage if a bank would contain no DFT bin at this rate and window.
  explicit FilterBanks(const FilterBankOptions& options);

  int rate() const { return options_.rate; }
  /// Samples between frames.
  int64_t step() const { return step_; }
  /// Returns the number of whole windows in this many samples; at least 1, since shorter recordings are zero-padded.
  int64_t frames(int64_t samples) const { return frames(samples, step_); }
  /// Computes the features, [frames, banks] float32.
  at::Tensor of(const std::vector<float>& samples) const { return of(samples, step_); }
  /// Same, with another number of samples between frames.
  at::Tensor of(const std::vector<float>& samples, int64_t step) const;

 private:
  int64_t frames(int64_t samples, int64_t step) const;

  FilterBankOptions options_;
  int64_t window_ = 0, step_ = 0, transform_ = 0;
  at::Tensor hamming_;    ///< [window]
  at::Tensor triangles_;  ///< [transform/2 + 1, banks]
};

}  // namespace limbeck
