#pragma once
// Hybrid speech recognition: from a network's logits for frames to forced alignment and recognized words.
//
// A network computes the posterior p(s|x); a hidden Markov model needs the likelihood p(x|s) ∝ p(s|x) / p(s), where the
// prior p(s) is the frequency of the state in the training frames (Bourlard, Morgan 1994).
//
//   const at::Tensor scores = frame_scores(logits, log_priors(corpus, train_labels));
//   at::Tensor labels = align(corpus, corpus.train, scores, durations, old_labels);
//   WordErrors errors = recognise(corpus, corpus.test, scores, StateGraph::one_word(corpus, durations));
#include <ATen/core/Tensor.h>

#include "core/json_fwd.h"
#include "speech/hidden_markov.h"

namespace limbeck {

/// Returns the log relative frequency of each class among the labels, with add-one smoothing, [classes] float32.
at::Tensor log_priors(const SpeechCorpus& corpus, const at::Tensor& labels);

/// log softmax(logits) − log prior, [F, classes] float32 on the CPU.
at::Tensor frame_scores(const at::Tensor& logits, const at::Tensor& log_priors);

/// Forced alignment: returns the most probable states given each utterance's words, [F] int64. An utterance too short
/// for its words keeps its labels.
at::Tensor align(const SpeechCorpus& corpus, const std::vector<Utterance>& utterances, const at::Tensor& scores,
                 const Durations& durations, const at::Tensor& labels);

/// Word errors: the minimum number of edits that turn the spoken words into the recognized ones (Levenshtein 1966);
/// among equal solutions, the one with the most substitutions.
struct WordErrors {
  int64_t words = 0;  ///< spoken words, the denominator of rate()
  int64_t substitutions = 0, deletions = 0, insertions = 0;

  int64_t errors() const { return substitutions + deletions + insertions; }
  double rate() const { return words == 0 ? 0 : static_cast<double>(errors()) / static_cast<double>(words); }
  WordErrors& operator+=(const WordErrors& other);
  /// As WordCounts in results/evaluation_detail.h.
  Json json() const;
};
WordErrors count_word_errors(const std::vector<int64_t>& said, const std::vector<int64_t>& heard);

/// Decodes all utterances, using all threads, and counts word errors. An utterance without a path is decoded as no
/// words.
WordErrors recognise(const std::vector<Utterance>& utterances, const at::Tensor& scores, const StateGraph& graph);

/// Returns the corpus's word penalty with the fewest word errors on its training strings; among equally good ones, the
/// middle one. `scores`: of the training strings' frames.
double best_word_penalty(const SpeechCorpus& corpus, const Durations& durations, const at::Tensor& scores);

}  // namespace limbeck
