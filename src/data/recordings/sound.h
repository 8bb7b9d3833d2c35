#pragma once
// A recording in memory.
#include <vector>

namespace limbeck {

struct Sound {
  std::vector<float> samples;  ///< of one channel, the mean where the file has several
  int rate = 0;                ///< samples per second
};

/// The same sound at another rate: a windowed-sinc low-pass (Lanczos, 16 zero crossings a side) at the lower of the two
/// Nyquist frequencies.
Sound resample(const Sound& sound, int rate);

}  // namespace limbeck
