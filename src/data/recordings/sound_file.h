#pragma once
// Recordings from sound files, by libsndfile: WAV, FLAC, AIFF, Ogg and what else it reads.
//
//   const Sound sound = read_sound("7_jackson_32.wav");   // sound.samples in −1 … 1, one channel; sound.rate 8000
#include "core/files.h"
#include "data/recordings/sound.h"

namespace limbeck {

/// Throws Error, naming the file, where it is no sound file, damaged, shorter than its header says, empty, or holds
/// numbers that are not finite.
Sound read_sound(const fs::path& file);

}  // namespace limbeck
