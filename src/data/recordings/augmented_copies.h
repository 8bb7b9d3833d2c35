#pragma once
// Augmented copies of recordings, as multi-condition training uses them: each at another speed and pitch, in a room,
// and in noise. A copy has its own frames; a frame of the recording is found in it at the time to which it moved.
//
//   speed s        the recording played s times as fast, by resampling: tempo and pitch change (Ko et al. 2015, "Audio
//                  augmentation for speech recognition", who take 0.9, 1 and 1.1)
//   pitch p        resampled by 2^(p/12), with the frames closer together by as much: pitch and formants change, the
//                  tempo stays
//   reverberation  see waveforms.h
//   noise          white, pink, or babble of other speakers' training recordings, at a signal-to-noise ratio; the
//                  signal's power is that of the recording as it was
//
// What is drawn depends on the recording's place in the list and on the copy's number alone.
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "data/recordings/filter_banks.h"
#include "data/recordings/recordings.h"
#include "data/recordings/sound.h"
#include "data/recordings/waveforms.h"

namespace limbeck {

enum class NoiseKind { any, white, pink, babble, none };

struct CopyOptions {
  int64_t count = 0;
  bool test = false;
  double share = 0.5;
  double speed = 0.1;
  double pitch = 1;
  std::vector<double> reverberation = {0.1, 0.4};
  NoiseKind noise = NoiseKind::any;
  std::vector<double> snr = {0, 20};

  void bind(Fields& fields);
};

/// Frames of a sound, and which of them shows each frame of the recording that it is a copy of.
struct CopiedFrames {
  at::Tensor features;  ///< [frames, banks] float32
  at::Tensor rows;      ///< [frames of the recording] int64, from 0 to frames − 1
};

/// Makes copies. What it was made from must outlive it. Several threads may use one.
class Copyist {
 public:
  Copyist(const CopyOptions& options, const std::vector<Recording>& recordings, const std::vector<Sound>& sounds,
          const FilterBanks& banks)
      : options_(options), recordings_(recordings), sounds_(sounds), banks_(banks) {}

  /// Copies `samples`, which are the recording at `place` with margins, or several joined ones that begin with it;
  /// `copy`: its number, from 1.
  CopiedFrames copy(const Waveform& samples, size_t place, int64_t copy) const;

 private:
  Waveform noise(size_t count, size_t place, Random& random) const;

  const CopyOptions& options_;
  const std::vector<Recording>& recordings_;
  const std::vector<Sound>& sounds_;
  const FilterBanks& banks_;
};

}  // namespace limbeck
