#pragma once
// From what a network says of frames to aligned states and to words.
//
// A network gives p(s|x); a hidden Markov model wants p(x|s) ∝ p(s|x) / p(s), with the prior p(s) as often as the state
// occurs among the frames that were trained on (Bourlard, Morgan 1994).
//
//   const at::Tensor scores = frame_scores(logits, log_priors(corpus, train_labels));
//   at::Tensor labels = align(corpus, corpus.train, scores, durations, old_labels);
//   WordErrors errors = recognise(corpus, corpus.test, scores, StateGraph::one_word(corpus, durations));
#include <ATen/core/Tensor.h>

#include "core/json_fwd.h"
#include "speech/hidden_markov.h"

namespace limbeck {

/// log of the part of the labels that each class has, one more added to each count, [classes] float32.
at::Tensor log_priors(const SpeechCorpus& corpus, const at::Tensor& labels);

/// log softmax(logits) − log prior, [F, classes] float32 on the CPU.
at::Tensor frame_scores(const at::Tensor& logits, const at::Tensor& log_priors);

/// The most probable states of each utterance's words, [F] int64. An utterance too short for its words keeps its
/// labels.
at::Tensor align(const SpeechCorpus& corpus, const std::vector<Utterance>& utterances, const at::Tensor& scores,
                 const Durations& durations, const at::Tensor& labels);

/// How what was heard differs from what was said: the fewest changes that turn one into the other (Levenshtein 1966);
/// among these, the ones with most substitutions.
struct WordErrors {
  int64_t words = 0;  ///< said
  int64_t substitutions = 0, deletions = 0, insertions = 0;

  int64_t errors() const { return substitutions + deletions + insertions; }
  double rate() const { return words == 0 ? 0 : static_cast<double>(errors()) / static_cast<double>(words); }
  WordErrors& operator+=(const WordErrors& other);
  /// As WordCounts in results/evaluation_detail.h.
  Json json() const;
};
WordErrors count_word_errors(const std::vector<int64_t>& said, const std::vector<int64_t>& heard);

/// Of all utterances, decoded by all threads. One for which there is no path hears nothing.
WordErrors recognise(const std::vector<Utterance>& utterances, const at::Tensor& scores, const StateGraph& graph);

/// Of the corpus's word penalties the one with the fewest word errors on its training strings, whose frames' scores are
/// given; of several that are as good, the middle one.
double best_word_penalty(const SpeechCorpus& corpus, const Durations& durations, const at::Tensor& scores);

}  // namespace limbeck
