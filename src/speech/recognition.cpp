#include "speech/recognition.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/log_softmax.h>

#include <algorithm>
#include <limits>
#include <mutex>

#include "results/binding.h"
#include "results/evaluation_detail.h"

namespace limbeck {
namespace {

at::Tensor part_of(const at::Tensor& frames, const Utterance& utterance) {
  return frames.narrow(0, utterance.begin, utterance.frames);
}

/// Calls use(utterance) for each, by all threads.
void for_each(const std::vector<Utterance>& utterances, const std::function<void(const Utterance&)>& use) {
  at::parallel_for(0, static_cast<int64_t>(utterances.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) use(utterances[static_cast<size_t>(i)]);
  });
}

}  // namespace

at::Tensor log_priors(const SpeechCorpus& corpus, const at::Tensor& labels) {
  const at::Tensor known = labels.to(at::kCPU).masked_select(labels.to(at::kCPU).ge(0));
  const at::Tensor counts = at::bincount(known, {}, corpus.classes()).to(at::kDouble) + 1;
  return (counts / counts.sum()).log().to(at::kFloat);
}

at::Tensor frame_scores(const at::Tensor& logits, const at::Tensor& log_priors) {
  return (at::log_softmax(logits.to(at::kCPU).to(at::kFloat), 1) - log_priors).contiguous();
}

at::Tensor align(const SpeechCorpus& corpus, const std::vector<Utterance>& utterances, const at::Tensor& scores,
                 const Durations& durations, const at::Tensor& labels) {
  at::Tensor aligned = labels.to(at::kCPU).clone();
  for_each(utterances, [&](const Utterance& utterance) {
    const StateGraph graph = StateGraph::of_words(corpus, durations, utterance.words);
    const Path path = graph.best_path(part_of(scores, utterance));
    if (!path.nodes.empty()) part_of(aligned, utterance).copy_(graph.states_of(path));
  });
  return aligned;
}

WordErrors& WordErrors::operator+=(const WordErrors& other) {
  words += other.words;
  substitutions += other.substitutions;
  deletions += other.deletions;
  insertions += other.insertions;
  return *this;
}

Json WordErrors::json() const {
  return to_json(WordCounts{.words = words,
                            .substitutions = substitutions,
                            .deletions = deletions,
                            .insertions = insertions,
                            .errors = errors(),
                            .rate = rate(),
                            .word_penalty = {}});
}

WordErrors count_word_errors(const std::vector<int64_t>& said, const std::vector<int64_t>& heard) {
  const auto better = [](const WordErrors& a, const WordErrors& b) {
    return std::pair(a.errors(), -a.substitutions) < std::pair(b.errors(), -b.substitutions);
  };
  std::vector<WordErrors> row(heard.size() + 1);
  for (size_t j = 0; j < row.size(); ++j) row[j].insertions = static_cast<int64_t>(j);
  for (size_t i = 1; i <= said.size(); ++i) {
    WordErrors diagonal = row[0];
    row[0].deletions = static_cast<int64_t>(i);
    for (size_t j = 1; j < row.size(); ++j) {
      WordErrors replaced = diagonal, left_out = row[j], added = row[j - 1];
      if (said[i - 1] != heard[j - 1]) ++replaced.substitutions;
      ++left_out.deletions;
      ++added.insertions;
      diagonal = row[j];
      row[j] = std::min({replaced, left_out, added}, better);
    }
  }
  row.back().words = static_cast<int64_t>(said.size());
  return row.back();
}

WordErrors recognise(const std::vector<Utterance>& utterances, const at::Tensor& scores, const StateGraph& graph) {
  WordErrors all;
  std::mutex mutex;
  for_each(utterances, [&](const Utterance& utterance) {
    const WordErrors own =
        count_word_errors(utterance.words, graph.words_of(graph.best_path(part_of(scores, utterance))));
    const std::lock_guard lock(mutex);
    all += own;
  });
  return all;
}

double best_word_penalty(const SpeechCorpus& corpus, const Durations& durations, const at::Tensor& scores) {
  std::vector<double> best;
  int64_t fewest = std::numeric_limits<int64_t>::max();
  for (const double penalty : corpus.word_penalties) {
    const int64_t errors =
        recognise(corpus.training_strings.utterances, scores, StateGraph::word_loop(corpus, durations, penalty))
            .errors();
    if (errors < fewest) best.clear();
    fewest = std::min(fewest, errors);
    if (errors == fewest) best.push_back(penalty);
  }
  return best[(best.size() - 1) / 2];
}

}  // namespace limbeck
