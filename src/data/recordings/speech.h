#pragma once
// Recordings of words as a data set of frames: each example is a frame of filter bank features with its context, and
// its label is a state of a hidden Markov model.
//
// A word has `states` left-to-right states, silence has `silence_states`. Before forced alignment
// (speech/recognition.h), the frames of a recording are divided evenly among the states of its word, and those of the
// margins among the silence states.
//
// Test strings are test recordings of one speaker joined with pauses of random length, each recording used once.
// Training strings, used to choose the decoder's word penalty, are built the same way from training recordings. Margins
// and pauses are noise at the level of the quietest tenth of their recording, seeded by its index in the list:
// recordings of single words are often trimmed so tightly that no silence is left to learn.
#include <memory>

#include "data/recordings/augmented_copies.h"
#include "data/recordings/filter_banks.h"
#include "data/recordings/recordings.h"
#include "limbeck/dataset.h"

namespace limbeck {

enum class FeatureNormalization { speaker, global, none };

struct SpeechOptions : RecordingsOptions {
  FilterBankOptions banks;
  int64_t before = 20, after = 5;  ///< frames of context; Hinton et al. 2015: 26 frames, the target is the 21st
  int64_t states = 5;
  int64_t silence_states = 1;
  double margin = 0.15;  ///< seconds of noise before and after each recording
  FeatureNormalization normalize = FeatureNormalization::speaker;
  CopyOptions copies;                       ///< their features are normalized as the recordings' are
  int64_t string_length = 5;                ///< maximum number of words in a test string; 0: no strings
  std::vector<double> pause = {0.05, 0.3};  ///< seconds between the words of a string: minimum and maximum
  std::vector<double> word_penalty = {
      0,   -10,  -20,  -40,
      -80, -160, -320, -640};  ///< candidates for the string decoder; the best one on training strings is used

  void bind(Fields& fields);
};

/// A recording, or several joined ones, as consecutive frames of a split.
struct Utterance {
  int64_t begin = 0, frames = 0;
  std::vector<int64_t> words;  ///< transcript, as indices into SpeechCorpus::words
  std::string name, speaker;
};

/// Joined recordings and their frames, whose labels are unknown: −1.
struct Strings {
  std::vector<Utterance> utterances;
  Split frames;
};

/// Words, HMM states and utterances of a speech data set.
struct SpeechCorpus {
  std::vector<std::string> words;
  int64_t states = 1;  ///< states per word
  int64_t silence_states = 1;
  std::vector<double> word_penalties = {0};
  std::vector<Utterance> train, test;
  Strings test_strings;
  Strings training_strings;  ///< only if there are several penalties to choose from
  std::string recorded;      ///< fingerprint of states and frames as they were recorded, whatever copies there are

  int64_t classes() const { return static_cast<int64_t>(words.size()) * states + silence_states; }
  int64_t first_state(int64_t word) const { return word * states; }
  int64_t first_silence() const { return static_cast<int64_t>(words.size()) * states; }
  /// Fingerprint of everything here, including the strings' frames.
  std::string fingerprint() const;
};

/// Loads recordings and computes features, using all threads; reports to `folders.progress`. Throws Error with the
/// names of recordings that cannot be read.
std::unique_ptr<Dataset> load_speech(SpeechOptions options, const std::string& name, const DataFolders& folders);

}  // namespace limbeck
