#pragma once
// Hidden Markov models of words: state graphs, and Viterbi decoding of the most probable path (Viterbi 1967; Rabiner
// 1989).
//
// Each state has a self-loop, a_stay = 1 − 1/d, and a transition to the next state, a_leave = 1/d, for a mean duration
// of d frames: state durations are geometrically distributed. Words and silence are left-to-right chains.
//
//   const StateGraph graph = StateGraph::word_loop(corpus, durations, /*word_penalty=*/0);
//   // scores [F, classes] float32: log p(x|s), up to a constant for each frame
//   const Path path = graph.best_path(scores);
//   graph.words_of(path);   // {3, 1, 4}

#include <ATen/core/Tensor.h>

#include <vector>

#include "data/recordings/speech.h"

namespace limbeck {

/// Mean duration of each state, in frames.
using Durations = std::vector<double>;

/// Estimates durations from aligned frames: labels [F] int64 of the split that contains the utterances. A state that
/// never occurs gets 1 frame.
Durations durations_of(const SpeechCorpus& corpus, const std::vector<Utterance>& utterances, const at::Tensor& labels);

/// A path with one node per frame; empty if there are fewer frames than the shortest path needs.
struct Path {
  std::vector<int32_t> nodes;
  double score = 0;  ///< sum of frame scores and log transition probabilities
};

class StateGraph {
 public:
  /// The words in order, with optional silence before, between and after them.
  static StateGraph of_words(const SpeechCorpus& corpus, const Durations& durations, const std::vector<int64_t>& words);
  /// Exactly one word, any of the corpus, with optional silence around it.
  static StateGraph one_word(const SpeechCorpus& corpus, const Durations& durations);
  /// Any number of words, all equally probable, with optional silence between them. `word_penalty` is added to the
  /// score for each word: negative values give fewer words.
  static StateGraph word_loop(const SpeechCorpus& corpus, const Durations& durations, double word_penalty);

  /// Viterbi search. scores: [F, classes] float32 on the CPU.
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
    int64_t word = -1;  ///< the word whose first state this is; −1: none
    double stay = 0;    ///< log a_stay
    double leave = 0;   ///< log a_leave
    double enter = 0;   ///< score of starting here
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
