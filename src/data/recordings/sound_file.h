#pragma once
// Reads audio files with libsndfile: WAV, FLAC, AIFF, Ogg and its other formats.
//
//   const Sound sound = read_sound("7_jackson_32.wav");   // sound.samples in −1 … 1, one channel; sound.rate 8000
#include "core/files.h"
#include "data/recordings/sound.h"

namespace limbeck {

/// Throws Error with the file's name if it is not an audio file, is damaged, shorter than its header says or empty, or
/// contains values that are not finite.
Sound read_sound(const fs::path& file);

}  // namespace limbeck
