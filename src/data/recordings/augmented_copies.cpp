#include "data/recordings/augmented_copies.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace limbeck {
namespace {

constexpr int kVoices = 5;

/// The rate of a sound that is to be played `factor` times as fast, on a grid of half a per cent: few ratios, so that
/// resampling has few phases.
int rate_on_grid(int rate, double factor) {
  const int step = std::max(1, rate / 200);
  return static_cast<int>(std::lround(rate * factor / step)) * step;
}

}  // namespace

void CopyOptions::bind(Fields& fields) {
  fields.integer("count", count, between(0, 64), "of each training recording; the augmentation `copies` draws them");
  fields.flag("test", test, "the test recordings and strings are heard as copies, too: to measure in noise");
  fields.number("share", share, between(0, 1), "probability of each change below in a copy");
  fields.number("speed", speed, between(0, 0.5), "largest relative change of speed, tempo and pitch together");
  fields.number("pitch", pitch, between(0, 12), "largest change of pitch alone, in semitones");
  fields.numbers("reverberation", reverberation, between(0, 5), {.least = 2, .most = 2},
                 "seconds until an echo has fallen by 60 dB: shortest, longest");
  fields.choice<NoiseKind>("noise", noise,
                           {{"any", NoiseKind::any},
                            {"white", NoiseKind::white},
                            {"pink", NoiseKind::pink},
                            {"babble", NoiseKind::babble},
                            {"none", NoiseKind::none}},
                           "babble: five other speakers' training recordings at once; any: one of the three");
  fields.numbers("snr", snr, between(-40, 100), {.least = 2, .most = 2},
                 "signal-to-noise ratio in dB: lowest, highest");
  fields.require(reverberation.size() == 2 && reverberation[0] <= reverberation[1],
                 "'reverberation' takes the shortest first");
  fields.require(snr.size() == 2 && snr[0] <= snr[1], "'snr' takes the lowest first");
}

Waveform Copyist::noise(size_t count, size_t place, Random& random) const {
  NoiseKind kind = options_.noise;
  if (kind == NoiseKind::any) kind = std::array{NoiseKind::white, NoiseKind::pink, NoiseKind::babble}[random.below(3)];
  if (kind == NoiseKind::white) return white_noise(count, random);
  if (kind == NoiseKind::pink) return pink_noise(count, random);
  std::vector<const Waveform*> voices;
  constexpr int kTries = 100;  // where nearly all recordings are of one speaker
  for (int i = 0; i < kTries && voices.size() < kVoices; ++i) {
    const size_t other = random.below(static_cast<uint32_t>(recordings_.size()));
    if (recordings_[other].test || other == place) continue;
    if (recordings_[other].speaker != recordings_[place].speaker || i >= kTries / 2)
      voices.push_back(&sounds_[other].samples);
  }
  return babble(count, voices, random);
}

CopiedFrames Copyist::copy(const Waveform& samples, size_t place, int64_t copy) const {
  Random random({.purpose = Purpose::copies, .epoch = static_cast<uint32_t>(copy), .id = static_cast<uint32_t>(place)});
  const auto chosen = [&] { return random.uniform() < static_cast<float>(options_.share); };
  const auto drawn = [&](double low, double high) {
    return static_cast<double>(random.uniform(static_cast<float>(low), static_cast<float>(high)));
  };
  // All draws are made, so that what one of them is does not depend on whether another is wanted.
  const bool faster = chosen(), higher = chosen(), in_room = chosen(), in_noise = chosen();
  const double speed = 1 + drawn(-options_.speed, options_.speed), pitch = drawn(-options_.pitch, options_.pitch);
  const double seconds = drawn(options_.reverberation[0], options_.reverberation[1]);
  const double decibels = drawn(options_.snr[0], options_.snr[1]);

  const double tempo = faster ? speed : 1;
  const int rate = banks_.rate(), played = rate_on_grid(rate, tempo * (higher ? std::exp2(pitch / 12) : 1));
  const double shorter = static_cast<double>(played) / rate;  // how much: samples in, samples out
  Waveform sound = resample({.samples = samples, .rate = played}, rate).samples;
  if (in_room) sound = reverberated(sound, rate, seconds, random);
  if (in_noise && options_.noise != NoiseKind::none)
    add_at_ratio(sound, noise(sound.size(), place, random), power_of(sounds_[place].samples), decibels);

  // As far apart as frames of a recording in this tempo, which the change of pitch alone has shortened by the rest.
  const auto step = std::max<int64_t>(1, std::llround(static_cast<double>(banks_.step()) * tempo / shorter));
  CopiedFrames frames{.features = banks_.of(sound, step), .rows = {}};
  const double moved = static_cast<double>(banks_.step()) / (shorter * static_cast<double>(step));
  frames.rows = at::arange(banks_.frames(static_cast<int64_t>(samples.size())), at::kDouble)
                    .mul(moved)
                    .round()
                    .clamp_max(static_cast<double>(frames.features.size(0) - 1))
                    .to(at::kLong);
  return frames;
}

}  // namespace limbeck
