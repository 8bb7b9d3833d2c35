#pragma once
// Recordings of words as a data set of frames: each example is a frame of filter banks with those around it, and its
// label the state of a hidden Markov model.
//
// A word has `states` states from left to right, silence `silence_states`. Before anything is aligned
// (speech/alignment.h), the frames of a recording are divided evenly among the states of its word, and those of the
// margins among silence's.
//
// Test strings are test recordings of one speaker joined with pauses of random length, each recording once; strings of
// training recordings, by which the decoder's word penalty is chosen, are made likewise. Margins and pauses are noise
// as loud as the quietest tenth of the recording they belong to, drawn from its place in the list: recordings of single
// words are often cut so close that no silence is left to learn.
#include <memory>

#include "data/dataset.h"
#include "data/recordings/filter_banks.h"
#include "data/recordings/recordings.h"

namespace limbeck {

enum class FeatureNormalization { speaker, global, none };

struct SpeechOptions : RecordingsOptions {
  FilterBankOptions banks;
  int64_t before = 20, after = 5;  ///< frames of context; Hinton et al. 2015: 26 frames, the target is the 21st
  int64_t states = 5;
  int64_t silence_states = 1;
  double margin = 0.15;  ///< seconds of noise before and after each recording
  FeatureNormalization normalize = FeatureNormalization::speaker;
  int64_t string_length = 5;                ///< words in a test string, at most; 0: no strings
  std::vector<double> pause = {0.05, 0.3};  ///< seconds between the words of a string: shortest and longest
  std::vector<double> word_penalty = {
      0,   -10,  -20,  -40,
      -80, -160, -320, -640};  ///< of the decoder of strings: the one that is best on training strings

  void bind(Fields& fields);
};

/// A recording, or several that were joined, as frames of a split that lie one after the other.
struct Utterance {
  int64_t begin = 0, frames = 0;
  std::vector<int64_t> words;  ///< what is said, places in SpeechCorpus::words
  std::string name, speaker;
};

/// Recordings joined, and their frames, whose labels are not known: −1.
struct Strings {
  std::vector<Utterance> utterances;
  Split frames;
};

/// What frames have to do with each other.
struct SpeechCorpus {
  std::vector<std::string> words;
  int64_t states = 1;  ///< of a word
  int64_t silence_states = 1;
  std::vector<double> word_penalties = {0};
  std::vector<Utterance> train, test;
  Strings test_strings;
  Strings training_strings;  ///< where there are penalties to choose among

  int64_t classes() const { return static_cast<int64_t>(words.size()) * states + silence_states; }
  int64_t first_state(int64_t word) const { return word * states; }
  int64_t first_silence() const { return static_cast<int64_t>(words.size()) * states; }
  /// Of everything here, the strings' frames among it.
  std::string fingerprint() const;
};

/// Throws Error that names the files where recordings cannot be read. Features are computed by all threads; reports to
/// `folders.progress`.
std::unique_ptr<Dataset> load_speech(SpeechOptions options, const std::string& name, const DataFolders& folders);

}  // namespace limbeck
