#pragma once
// Hidden Markov models of words: which states may follow each other, and the most probable path through them (Viterbi
// 1967; Rabiner 1989).
//
// Each state is repeated or left for the next: a_stay = 1 − 1/d and a_leave = 1/d for a mean duration of d frames, so
// that the time spent in a state is geometric with that mean. Words and silence are chains from left to right.
//
//   const StateGraph graph = StateGraph::word_loop(corpus, durations, /*word_penalty=*/0);
//   // scores [F, classes] float32: log p(x|s), up to a constant for each frame
//   const Path path = graph.best_path(scores);
//   graph.words_of(path);   // {3, 1, 4}

#include <ATen/core/Tensor.h>

#include <vector>

#include "data/recordings/speech.h"

namespace limbeck {

/// Of each state, the mean number of frames that it lasts.
using Durations = std::vector<double>;

/// From aligned frames: labels [F] int64 of the split that the utterances lie in. A state that never occurs gets 1
/// frame.
Durations durations_of(const SpeechCorpus& corpus, const std::vector<Utterance>& utterances, const at::Tensor& labels);

/// A node for each frame; empty where there are fewer frames than the shortest way through takes.
struct Path {
  std::vector<int32_t> nodes;
  double score = 0;  ///< sum of scores and logarithms of probabilities on the way
};

class StateGraph {
 public:
  /// Silence, the words in their order, silence; the silences at the ends and between words may be left out.
  static StateGraph of_words(const SpeechCorpus& corpus, const Durations& durations, const std::vector<int64_t>& words);
  /// One word of all, with silence around it that may be left out.
  static StateGraph one_word(const SpeechCorpus& corpus, const Durations& durations);
  /// Any number of words, each as probable as another, with silence between them that may be left out. `word_penalty`
  /// is added to the score for each word: below 0, fewer words are heard.
  static StateGraph word_loop(const SpeechCorpus& corpus, const Durations& durations, double word_penalty);

  /// scores [F, classes] float32 on the CPU.
  Path best_path(const at::Tensor& scores) const;
  /// State of each frame, [F] int64.
  at::Tensor states_of(const Path& path) const;
  std::vector<int64_t> words_of(const Path& path) const;

 private:
  struct Arc {
    int32_t from = 0;
    double score = 0;
  };
  struct Node {
    int64_t state = 0;
    int64_t word = -1;  ///< of which this is the first state; −1: of none
    double stay = 0;    ///< log a_stay
    double leave = 0;   ///< log a_leave
    double enter = 0;   ///< score of beginning here
    bool begins = false, ends = false;
    std::vector<Arc> arcs;  ///< from other nodes
  };
  struct Chain {
    int32_t first = 0, last = 0;
  };

  Chain add_chain(int64_t first_state, int64_t count, int64_t word, const Durations& durations);
  Chain add_word(const SpeechCorpus& corpus, int64_t word, const Durations& durations);
  Chain add_silence(const SpeechCorpus& corpus, const Durations& durations);
  void connect(const Chain& from, const Chain& to, double score = 0);

  std::vector<Node> nodes_;
};

}  // namespace limbeck
