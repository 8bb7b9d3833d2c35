#pragma once
// Recordings from sound files, by libsndfile: WAV, FLAC, AIFF, Ogg and what else it reads.
//
//   const Sound sound = read_sound("7_jackson_32.wav");   // sound.samples in −1 … 1, one channel; sound.rate 8000
#include <vector>

#include "core/files.h"

namespace limbeck {

struct Sound {
  std::vector<float> samples;  ///< of one channel, the mean where the file has several
  int rate = 0;                ///< samples per second
};

/// Throws Error, naming the file, where it is no sound file, damaged, shorter than its header says, empty, or holds numbers that are not
/// finite.
Sound read_sound(const fs::path& file);

/// The same sound at another rate: a windowed-sinc low-pass (Lanczos, 16 zero crossings a side) at the lower of the two Nyquist
/// frequencies.
Sound resample(const Sound& sound, int rate);

}  // namespace limbeck
