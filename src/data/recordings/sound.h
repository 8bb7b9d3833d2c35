#pragma once
// Audio in memory.
#include <vector>

namespace limbeck {

struct Sound {
  std::vector<float> samples;  ///< one channel; the mean if the file has several
  int rate = 0;                ///< samples per second
};

/// Resamples to another rate with a windowed-sinc low-pass filter (Lanczos, 16 zero crossings per side) at the lower of
/// the two Nyquist frequencies.
Sound resample(const Sound& sound, int rate);

}  // namespace limbeck
