#pragma once
// Augmentation of waveforms: noise at a signal-to-noise ratio, and reverberation. All draws come from the `Random` that
// is given, so that equal keys give equal sounds.
//
//   Random random({.purpose = Purpose::copies, .id = 17});
//   Waveform room = reverberated(samples, 8000, 0.3, random);
//   add_at_ratio(room, pink_noise(room.size(), random), signal_power, 10);   // 10 dB
#include <cstddef>
#include <vector>

#include "core/random.h"

namespace limbeck {

using Waveform = std::vector<float>;

/// Mean square; 0 for no samples.
double power_of(const Waveform& samples);

/// Gaussian white noise of power about 1.
Waveform white_noise(size_t count, Random& random);
/// Noise whose power falls by 3 dB an octave (1/f), of power 1: white noise, its spectrum times f^(−1/2), without the
/// constant.
Waveform pink_noise(size_t count, Random& random);
/// Babble, several voices at once, of power 1: the sum of `voices`, each at power 1, repeated from a random place on.
/// Voices without sound are left out; white noise if none has any.
Waveform babble(size_t count, const std::vector<const Waveform*>& voices, Random& random);

/// Adds noise scaled to 10 log10(signal_power / power of the noise) = `decibels`. As many samples of noise as there
/// are.
void add_at_ratio(Waveform& samples, const Waveform& noise, double signal_power, double decibels);

/// Returns the sound in a room that takes `seconds` (T60) until an echo has fallen by 60 dB, as long and as powerful as
/// it was:
///   h(t) = δ(t) + n(t) e^(−3 ln(10) t / T60) from 5 ms on, n white noise, the echoes together as powerful as the
///   direct sound where T60 = 0.5 s, in proportion to T60
/// Source: Polack 1988, "La transmission de l'énergie sonore dans les salles": late reverberation as noise that decays
/// exponentially.
Waveform reverberated(const Waveform& samples, int rate, double seconds, Random& random);

}  // namespace limbeck
